//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::typed::{seed, within};
use bletwin_explore::pairs::{LAST, WINDOW};
use bletwin_sim::report::degrade::Faults;

/// A digital twin for Bluetooth LE peripherals: why it pairs with your phone but not with that
/// laptop, on a simulated air, in milliseconds.
#[derive(Debug, Parser)]
#[command(
    name = "bletwin",
    version,
    after_help = "Examples:\n  \
        bletwin                                        the founding case: failure, reason, cure\n  \
        bletwin list                                   scenarios, firmware presets, centrals\n  \
        bletwin run pairing --central windows-intel --log --ladder\n  \
        bletwin run pairing --central windows-intel --set phy-update=after-bonding\n  \
        bletwin run pairing --pcapng pairing.pcapng --decrypted\n  \
        bletwin run pairing --central windows-intel --html case.html\n  \
        bletwin serve --endpoint tcp:9001=windows-intel --peripheral zephyr-2024\n  \
        bletwin diagnose pairing --central windows-intel   why, and what to change\n  \
        bletwin explain case.pcapng                    what went wrong in a sniffer's capture\n  \
        bletwin learn case.pcapng -o my-laptop.toml    its central, as a profile\n  \
        bletwin reproduce case.pcapng --test tests     and a test that fails as it did\n  \
        bletwin codes err 9                            what a number in a log means\n\n\
        Every run is judged by the rules of link layers and hosts. What a central breaks is\n\
        reported; unless its profile declares it or you gave it that quirk\n\
        (`--set central.phy-req=…`), the run fails. The peripheral may break nothing.\n\n\
        Exit status: 0 the expected outcome and no such violation, 1 otherwise, 2 bad input,\n\
        130 interrupted."
)]
pub struct Cli {
    /// What to do; `demo` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What `bletwin` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The founding case in four runs: it bonds with a phone, dies with the laptop, and two cures.
    Demo(Demo),
    /// List scenarios, firmware presets and centrals.
    List {
        /// As JSON: an array of objects with `kind`, `name` and `text`.
        #[arg(long)]
        json: bool,
    },
    /// Run one scenario.
    Run(Run),
    /// Find out why a firmware fails with a central, and what to change.
    Diagnose(super::diagnose::Diagnose),
    /// Explain what a sniffer has captured: each connection, what went wrong in it, and why.
    Explain(super::explain::Explain),
    /// Rank centrals and quirks by how well they fit lines of a firmware's log.
    Match(super::fits::Match),
    /// Learn a central from captures: the nearest built-in one, and what contradicts it.
    Learn(super::learn::Learn),
    /// Play what a capture shows: the learned central against a firmware, and a test of that.
    Reproduce(super::reproduce::Reproduce),
    /// Let every firmware meet every central, and show which survive which.
    Matrix(super::matrix::Options),
    /// List the rules of link layers and hosts: what they demand, of whom, and what checks them.
    Rules(Rules),
    /// Tell what numbers in logs mean (reason 8, err 9, 0x3D) and what usually causes them.
    Codes(Codes),
    /// Search for what goes wrong when procedures meet and packets are lost.
    Explore(Explore),
    /// Run a finding again: exit 0 if it shows the same, 1 if not.
    Replay(Replay),
    /// Lend controllers on the simulated air to real hosts: Bumble, BlueZ, bleak and others.
    Serve(Serve),
    /// Build the firmware that comes along for the nRF52840, or measure what it costs.
    #[command(subcommand)]
    Chip(super::chip::Chip),
    /// List, show, check or begin descriptions of centrals.
    #[command(subcommand)]
    Central(Central),
    /// Show, check or begin descriptions of firmware.
    #[command(subcommand)]
    Peripheral(Peripheral),
}

/// Options of `bletwin demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for the captures.
    #[arg(long, value_name = "FOLDER", default_value = "bletwin-demo")]
    pub out: PathBuf,
    /// An ELF file that an emulated nRF52840 runs in the firmware's place. It has made its choice:
    /// the two cures are left out.
    #[arg(long, value_name = "elf=FILE")]
    pub peripheral: Option<String>,
    /// With such a file: what the person knows of it, as `passkey=123456`, and the revision of the
    /// chip, as `chip=rev1`.
    #[arg(long, value_name = "KEY=VALUE", requires = "peripheral")]
    pub set: Vec<String>,
    /// Print what each run takes of the battery, and with such a file what the program made of its
    /// processor, as `bletwin run` does.
    #[arg(long)]
    pub cpu: bool,
    /// With such a file: wait for a debugger in each run, as `bletwin run` does.
    #[arg(long, value_name = "PORT", requires = "peripheral")]
    pub gdb: Option<u16>,
    /// Seed of all randomness, 0 or more.
    #[arg(long, default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
}

impl Demo {
    /// As with no arguments at all.
    pub(super) fn standard() -> Self {
        let out = PathBuf::from("bletwin-demo");
        Self { out, peripheral: None, set: Vec::new(), cpu: false, gdb: None, seed: 1 }
    }
}

/// Options of `bletwin rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// One rule, as a finding names it (`LL-PHY-4`), or an area (`LL-PHY`).
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// As JSON: an array of objects with `id`, `title`, `text`, `note`, `source`, `kept_by`,
    /// `checked_by` and `document`.
    #[arg(long)]
    pub json: bool,
}

/// Options of `bletwin codes`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin codes 8                         everything that has this number\n  \
    bletwin codes reason 0x3D               a reason of a disconnection\n  \
    bletwin codes 'level 1 err 9'           a line of Zephyr's log\n  \
    bletwin codes smp 5\n  \
    bletwin codes 531                       as NimBLE prints 0x13\n  \
    bletwin codes timeout                   by words")]
pub struct Codes {
    /// A number, decimal or hexadecimal, with `hci` (`reason`, `status`), `smp`, `att` or `zephyr`
    /// (`err`) before it if you know whose; or words. All codes if nothing is given.
    #[arg(value_name = "N|WORDS", allow_negative_numbers = true)]
    pub what: Vec<String>,
    /// As JSON: an array of objects with `layer`, `code`, `hex`, `name` and `causes`.
    #[arg(long)]
    pub json: bool,
}

/// What `bletwin central` can do.
#[derive(Debug, Subcommand)]
pub enum Central {
    /// List centrals and quirks.
    List {
        /// As JSON: an array of objects with `kind`, `name` and `text`.
        #[arg(long)]
        json: bool,
    },
    /// Print the file of a built-in central or quirk: a start for your own.
    Show {
        /// Its name; see `bletwin central list`. With --all also a TOML file.
        name: String,
        /// Print every value that it has and where it comes from: a file and line, or `default`.
        #[arg(long)]
        all: bool,
        /// The same as one JSON object; docs/JSON.md describes it.
        #[arg(long, requires = "all")]
        json: bool,
    },
    /// Read a file, with all that it extends, and say what is wrong with it.
    Check {
        /// TOML file; see docs/CENTRALS.md.
        file: PathBuf,
    },
    /// Begin a file of your own, NAME.toml, with every key, explained, and its value.
    New {
        /// Name of the central; letters, digits and hyphens.
        name: String,
        /// The central that it departs from.
        #[arg(long, value_name = "NAME", default_value = "honest")]
        extends: String,
    },
}

/// What `bletwin peripheral` can do.
#[derive(Debug, Subcommand)]
pub enum Peripheral {
    /// Print every value of a firmware and where it comes from: a preset, or a file and its line.
    Show {
        /// A preset (`bletwin list` shows them) or a TOML file.
        name: String,
        /// Print one JSON object; docs/JSON.md describes it.
        #[arg(long)]
        json: bool,
    },
    /// Read a file and say what is wrong with it.
    Check {
        /// TOML file; see docs/FIRMWARE.md.
        file: PathBuf,
    },
    /// Begin a file of your own, NAME.toml, with every key, explained, and its value.
    New {
        /// Name of the firmware; letters, digits and hyphens.
        name: String,
        /// The preset that it departs from.
        #[arg(long, value_name = "PRESET", default_value = "zephyr-2024")]
        preset: String,
    },
}

/// Options of `bletwin run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Name of the scenario; see `bletwin list`.
    pub scenario: Option<String>,
    /// Firmware preset, or a TOML file with a `preset` and keys as in `--set help`, or `elf=FILE`:
    /// an emulated nRF52840 runs that file (`--set passkey=…` says what is on its label) [default:
    /// zephyr-2024; where procedures meet: recommended].
    #[arg(long, value_name = "PRESET|FILE.toml|elf=FILE")]
    pub peripheral: Option<String>,
    /// Central by name (see `bletwin central list`), or a TOML file that describes one [default:
    /// phone; where procedures meet: honest]. In a scenario with two (`two-hosts`, `dual-boot`) a
    /// second one may be named.
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub central: Vec<String>,
    /// Change one key of the firmware, the air or the central; `--set help` lists the keys. Of two
    /// centrals `central.2.KEY` is a key of the second alone.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of all randomness, 0 or more: the same seed gives the same bits on air.
    #[arg(long, default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Write a capture of the air for Wireshark (pcapng, LE link layer); `-`: to standard output.
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// Write the capture decrypted, so that SMP and ATT can be read.
    #[arg(long, requires = "pcapng")]
    pub decrypted: bool,
    /// Write the capture as a real sniffer would, with words of `loss=2` (percent of packets that
    /// it misses), `clock-ppm=-170`, `direction=unknown` or `inverted`, `channels=one-adv`,
    /// `mid-connection`, `decrypted`, `nordic` (in the format of nRF Sniffer, LINKTYPE 272).
    #[arg(long, value_name = "FAULTS", requires = "pcapng", conflicts_with = "decrypted")]
    pub sniffer: Option<Faults>,
    /// Write what each host and its controller say to each other, as Android and BlueZ log it
    /// (btsnoop, keys included), into this folder: a file for each device.
    #[arg(long, value_name = "FOLDER")]
    pub btsnoop: Option<PathBuf>,
    /// Write one self-contained page with the ladder of PDUs drawn to time, for a browser.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the result as JUnit XML, for CI systems.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print the devices' log.
    #[arg(long)]
    pub log: bool,
    /// Print the ladder of PDUs.
    #[arg(long)]
    pub ladder: bool,
    /// Print what the peripheral takes of its battery (`charge` of `--json`): µC by what radio,
    /// processor, flash and crystal of an nRF52840 do, and the average current while advertising
    /// and while connected. With `--peripheral elf=FILE` also what the program made of its
    /// processor (`cpu`): how long it was awake, its longest interrupt, its stack, the connection
    /// events that it missed.
    #[arg(long)]
    pub cpu: bool,
    /// With `--peripheral elf=FILE`: wait for a debugger (gdb-multiarch: `target remote :PORT`),
    /// which halts the chip and the whole world with it; 0: any port that is free.
    #[arg(long, value_name = "PORT")]
    pub gdb: Option<u16>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Options of `bletwin serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin serve --endpoint tcp:9001=windows-intel --peripheral zephyr-2024 --log --ladder\n  \
    bletwin serve --endpoint tcp:9001 --endpoint unix:/tmp/hci --pcapng case.pcapng\n  \
    bletwin serve --endpoint pty:/tmp/hci-pty=phone --peripheral firmware.toml\n  \
    bletwin serve --endpoint tcp:0 --time controlled --control tcp:9100\n  \
    bletwin serve --central windows-intel --endpoint tcp:9001 --html met.html\n  \
    bletwin serve --central phone --endpoint tcp:0 --host './my-host' --repeat 5 --junit r.xml\n\n\
    Each endpoint is an HCI controller that speaks H4. docs/HCI.md tells how to attach a host.\n\
    Lines on standard input press buttons of the first peripheral: press, release, delete-bonds,\n\
    pairing, power-cycle, supply MILLIVOLTS (of an emulated chip); with --central they say what\n\
    its user does: passkey NUMBER, yes, no.\n\
    Ctrl-C ends it; files are complete then.")]
pub struct Serve {
    /// An endpoint: tcp:HOST:PORT, tcp:PORT (this machine only), unix:PATH or pty:PATH, and the
    /// central whose link layer it has (default: `full`, honest
    /// and with every feature there is). May be given often.
    #[arg(long = "endpoint", value_name = "EP[=CENTRAL]", required = true)]
    pub endpoints: Vec<String>,
    /// Firmware in the same air: a preset, or a TOML file, or `elf=FILE` for an emulated nRF52840
    /// that runs it. May be given often.
    #[arg(long = "peripheral", value_name = "PRESET|FILE.toml|elf=FILE")]
    pub peripherals: Vec<String>,
    /// Change one key of the firmware or of the centrals; `bletwin run --set help` lists them.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// With `--peripheral elf=FILE`: wait for a debugger (gdb-multiarch: `target remote :PORT`),
    /// which halts the first chip and the whole air with it; 0: any port that is free.
    #[arg(long, value_name = "PORT", conflicts_with = "central")]
    pub gdb: Option<u16>,
    /// How time passes: `real`, a number (so many times as fast), `max` (as fast as the hosts
    /// answer: it passes while all of them are silent), or `controlled` (as a program on the
    /// control port says).
    #[arg(
        long,
        value_name = "real|N|max|controlled",
        default_value = "real",
        allow_negative_numbers = true
    )]
    pub time: String,
    /// Where the program that controls time finds us.
    #[arg(long, value_name = "EP")]
    pub control: Option<String>,
    /// Whether the peripherals' owner confirms numbers that are compared.
    #[arg(long, value_name = "yes|no", default_value = "yes")]
    pub owner: String,
    /// Seed of all randomness, 0 or more.
    #[arg(long, default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Capture the air and every endpoint's HCI into one file for Wireshark, while it happens;
    /// `-`: to standard output.
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// Write the air decrypted, so that SMP and ATT can be read.
    #[arg(long, requires = "pcapng")]
    pub decrypted: bool,
    /// Print the peripherals' log.
    #[arg(long)]
    pub log: bool,
    /// Print the ladder of PDUs.
    #[arg(long)]
    pub ladder: bool,
    /// A model central, by name or TOML file, scans for and meets your host on the endpoint: your
    /// host is the peripheral. Then the run ends, and is judged, as one of `bletwin run`.
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub central: Option<String>,
    /// What the central and its user do: pairing, stay, reconnect, forgotten, wrong-passkey.
    #[arg(long, value_name = "NAME", default_value = "pairing", requires = "central")]
    pub scenario: String,
    /// What your host is called in reports.
    #[arg(long, value_name = "TEXT", default_value = "host", requires = "central")]
    pub name: String,
    /// The security level that a bond must have to count.
    #[arg(
        long, value_name = "1-4", default_value_t = 2, requires = "central",
        allow_negative_numbers = true, value_parser = super::typed::within::<u8, 1, 4>,
    )]
    pub level: u8,
    /// The passkey that your host shows, if it is known beforehand: the central's user types it.
    /// Otherwise you do, as `passkey 123456`.
    #[arg(
        long, value_name = "NUMBER", requires = "central",
        allow_negative_numbers = true, value_parser = super::typed::within::<u32, 0, 999_999>,
    )]
    pub passkey: Option<u32>,
    /// Start this program when the endpoint is there, and end it afterwards. It finds
    /// BLETWIN_ENDPOINT (tcp:HOST:PORT), BLETWIN_HOST, BLETWIN_PORT and BLETWIN_SEED in its
    /// environment.
    #[arg(long, value_name = "COMMAND", requires = "central")]
    pub host: Option<String>,
    /// Meet so many times, with one seed after the other.
    #[arg(
        long, value_name = "N", default_value_t = 1, requires = "central",
        allow_negative_numbers = true, value_parser = super::typed::within::<u64, 1, 100_000>,
    )]
    pub repeat: u64,
    /// Write one self-contained page of the (last) meeting, for a browser.
    #[arg(long, value_name = "FILE", requires = "central")]
    pub html: Option<PathBuf>,
    /// Write the result as JUnit XML, for CI systems: a case for each meeting.
    #[arg(long, value_name = "FILE", requires = "central")]
    pub junit: Option<PathBuf>,
    /// Print one JSON object for each meeting, as `bletwin run` does.
    #[arg(long, requires = "central")]
    pub json: bool,
}

/// Options of `bletwin explore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        bletwin explore --pairs --budget 90s\n  \
        bletwin explore --pairs --peripheral zephyr-2024 --resume pairs.progress\n  \
        bletwin explore --pairs --shard 2/8 --json > part-2.json\n  \
        bletwin explore --merge part-*.json\n  \
        bletwin explore --random --budget 60s --peripheral zephyr-2024\n  \
        bletwin explore --random --seeds 0..500000 --shard 2/8 --json > part-2.json\n  \
        bletwin replay bletwin-findings/FILE.toml\n\n\
        Counts depend on version and options only, never on time, threads or parts.\n\
        Exit status: 0 nothing found, 1 findings, 2 bad input, 130 interrupted.")]
pub struct Explore {
    /// Every procedure of one side with every one of the other, at every offset, with every packet
    /// and every two packets lost: a fixed, finite space. What is searched if nothing is said.
    #[arg(long, group = "space")]
    pub pairs: bool,
    /// Three procedures, with every packet lost.
    #[arg(long, group = "space")]
    pub triples: bool,
    /// Runs that are drawn from seeds: any procedures, losses, clocks and start states, and
    /// centrals that misbehave.
    #[arg(long, group = "space")]
    pub random: bool,
    /// With --random: end at the first finding.
    #[arg(long, requires = "random")]
    pub first: bool,
    /// Firmware preset; `recommended` if nothing is said, with --random any.
    #[arg(long, value_name = "PRESET")]
    pub peripheral: Option<String>,
    /// Central by name; its link layer takes part, below a host that asks for procedures. `honest`
    /// if nothing is said, with --random a drawn one.
    #[arg(long, value_name = "NAME")]
    pub central: Option<String>,
    /// Change one key of the firmware or the central; `bletwin run --set help` lists the keys.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds, the last one excluded: the whole space is searched with each (1..2 if nothing is
    /// said); with --random each is a run (0..10000, with a budget 0..1000000).
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub seeds: Option<String>,
    /// With --pairs: lose every two packets of the first N, both directions together, up to 160,
    /// which is all of them.
    #[arg(
        long, value_name = "N", default_value_t = WINDOW, allow_negative_numbers = true,
        conflicts_with_all = ["triples", "random"],
        value_parser = clap::value_parser!(u32).range(..=i64::from(LAST)),
    )]
    pub window: u32,
    /// Threads; as many as there are processors if nothing is said.
    #[arg(
        long, value_name = "N", value_parser = within::<usize, 1, 1024>,
        allow_negative_numbers = true
    )]
    pub jobs: Option<usize>,
    /// End after this time, complete or not: 90s, 10m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<String>,
    /// Search one part of several that know nothing of each other; `auto`: as the batch system
    /// says (Slurm job arrays, Kubernetes indexed jobs, and others: docs/EXPLORE.md).
    #[arg(long, value_name = "K/N|auto")]
    pub shard: Option<String>,
    /// Keep in this file what is done, and go on from there.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Add the JSON results of parts instead of searching.
    #[arg(long, value_name = "FILES", num_args = 1.., conflicts_with = "space")]
    pub merge: Vec<PathBuf>,
    /// Write the result as JUnit XML, for CI systems: a case for the search, and one for each
    /// finding.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Folder for the findings.
    #[arg(long, value_name = "FOLDER", default_value = "bletwin-findings")]
    pub out: PathBuf,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Options of `bletwin replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// A file that `bletwin explore` has written.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write a capture of the air for Wireshark (pcapng, LE link layer); `-`: to standard output.
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// Write the capture decrypted.
    #[arg(long, requires = "pcapng")]
    pub decrypted: bool,
    /// Write one self-contained page with the ladder of PDUs drawn to time, for a browser.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the peripheral's log, too.
    #[arg(long)]
    pub log: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}
