//! A firmware-core peripheral as a node, on a small model of its processor.
//!
//! The radio level runs immediately (or after [`CpuConfig::radio_delay`]); control and host run
//! after their latency and not before the processor is free of earlier work. The outputs of a run
//! take effect at its start; its cost delays the next run.
//!
//! ```
//! use ble::time::Instant;
//! use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
//! use bletwin_sim::sniffer::sniff;
//! use bletwin_sim::world::{Placement, World, WorldConfig};
//! use firmware_core::config::Config;
//! use led_button::LedButton;
//!
//! let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
//! let build = Build::new(Config::recommended(), LedButton::default());
//! world.add("peripheral", PeripheralNode::new(build, CpuConfig::default()), Placement::default());
//! world.run_until(Instant::from_us(1_000_000));
//! assert!(sniff(world.records()).len() > 20, "it advertises");
//! ```

mod charge;
pub mod costs;
mod idle;
mod slow;
mod storage;
mod tenant;

use ble::armed::{Armed, Tell, What};
use ble::effect::Completion;
use ble::log::Severity;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::text::Text;
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use ble::work::{Level, Work};
use firmware_core::host::message::HostInput;
use firmware_core::host::procedures::Request;
use firmware_core::peripheral::{Input, Output};

use bletwin_sim::leap::Idle;
use bletwin_sim::node::{Act, Node, NodeInput, NodeOutput, Outbox, Untracked};
use bletwin_sim::record::{Note, RecordId};

use charge::Meter;
use costs::Costs;
use slow::Worker;
pub use storage::Storage;
pub use tenant::{Build, ButtonName, Device, Tenant};

/// Ticks of one cycle of the 64 MHz processor.
const CYCLE: Duration = Duration::from_ticks(1_000);
/// Maximum number of runs within one call; the rest waits for the next instant.
const RUNS: usize = 64;
/// Causes that are kept for work that waits.
const CAUSES: usize = 16;

/// How fast the processor is. Cycles are those of 64 MHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CpuConfig {
    /// From a radio event to the action of the radio interrupt. A reply that comes too late for
    /// T_IFS is not sent.
    pub radio_delay: Duration,
    /// From work being there to the start of control.
    pub control_latency: Duration,
    /// From work being there to the start of the host.
    pub host_latency: Duration,
    /// From when until when the host gets to nothing, because something else keeps its thread.
    pub host_busy: Option<[Instant; 2]>,
    /// What its work costs it.
    pub costs: Costs,
}

impl Default for CpuConfig {
    /// The nRF52840, by the measured [`costs`].
    fn default() -> Self {
        Self {
            radio_delay: Duration::ZERO,
            control_latency: Duration::from_us(20),
            host_latency: Duration::from_us(100),
            host_busy: None,
            costs: costs::NRF52840,
        }
    }
}

impl CpuConfig {
    /// When the host gets to work that would be its turn at this time.
    fn host_free(&self, at: Instant) -> Instant {
        match self.host_busy {
            Some([from, until]) if from <= at => at.max(until),
            _ => at,
        }
    }
}

/// Causes of work that waits at control and at the host.
#[derive(Clone, Debug, Default)]
struct Causes {
    control: Vec<RecordId>,
    host: Vec<RecordId>,
}

fn keep(causes: &mut Vec<RecordId>, more: &[RecordId]) {
    let known = causes.len();
    for id in more {
        if !causes[..known].contains(id) {
            causes.push(*id);
        }
    }
    if causes.len() > CAUSES {
        causes.drain(..causes.len() - CAUSES);
    }
}

/// A peripheral with its processor and its storage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeripheralNode {
    build: Build,
    /// A button that was pressed or released and that its application does not have.
    unknown: Option<String>,
    cpu: CpuConfig,
    /// `None` while it is off.
    device: Option<Box<dyn Device>>,
    /// It is on, and waits for its records: storage has to finish what a power failure cut off.
    waits: bool,
    /// Its [`Device::upper_deadline`], as long as it stands.
    upper_due: Untracked<Option<Option<Instant>>>,
    storage: Storage,
    /// A record waits for a gap, and the device knows.
    waits_for_gap: bool,
    worker: Worker,
    /// Radio events that the interrupt has not served yet.
    radio: Vec<(Instant, RadioEvent, Untracked<Option<RecordId>>)>,
    /// Next run of control or host.
    run: Option<(Level, Instant)>,
    /// When the host gets to the work that waits for it.
    host_due: Option<Instant>,
    processor_free: Instant,
    causes: Untracked<Causes>,
    meter: Untracked<Meter>,
}

impl PeripheralNode {
    /// Switched off, with empty storage.
    #[must_use]
    pub fn new(build: Build, cpu: CpuConfig) -> Self {
        Self {
            build,
            unknown: None,
            cpu,
            device: None,
            waits: false,
            upper_due: Untracked(None),
            storage: Storage::default(),
            waits_for_gap: false,
            worker: Worker::default(),
            radio: Vec::new(),
            run: None,
            host_due: None,
            processor_free: Instant::ZERO,
            causes: Untracked::default(),
            meter: Untracked::default(),
        }
    }

    /// The peripheral itself, while it is on.
    #[must_use]
    pub fn device(&self) -> Option<&dyn Device> {
        self.device.as_deref()
    }

    /// The words of its application's buttons.
    #[must_use]
    pub fn buttons(&self) -> Vec<&'static str> {
        self.build.application.buttons()
    }

    /// The message about a button that was pressed or released and does not exist.
    #[must_use]
    pub fn unknown_button(&self) -> Option<String> {
        let (button, name) = (self.unknown.as_ref()?, self.build.application.name());
        let there = match self.buttons().as_slice() {
            [] => "no button".to_owned(),
            buttons => buttons.join(", "),
        };
        Some(format!("The button `{button}` was pressed, and `{name}` has {there}."))
    }

    /// What it has stored.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// What it has stored, to change it: it is read at the next start.
    pub const fn storage_mut(&mut self) -> &mut Storage {
        &mut self.storage
    }

    /// Its firmware is updated: it has this application from the next start on.
    pub fn install(&mut self, application: Tenant) {
        self.build.application = application;
    }

    /// How fast its processor is from now on.
    pub const fn cpu_mut(&mut self) -> &mut CpuConfig {
        &mut self.cpu
    }

    fn start(&mut self, now: Instant, entropy: [u8; 32], out: &mut Outbox) {
        self.switch_off(now);
        self.processor_free = now;
        let Build { config, application, .. } = &self.build;
        self.device = Some(application.boot(config.clone(), &Entropy::new(entropy)));
        self.upper_due = Untracked(None);
        self.meter.0.power_up(now);
        self.storage.power_up(now, entropy);
        self.waits = true;
        self.start_with_records(now, out);
    }

    /// Starts the device once its records can be read.
    fn start_with_records(&mut self, now: Instant, out: &mut Outbox) {
        if !self.waits || !self.storage.is_open() {
            return;
        }
        self.waits = false;
        if self.storage.is_damaged() {
            self.input(now, Input::Host(HostInput::Completed(Completion::Damaged)), out);
        }
        for loaded in self.storage.records() {
            self.input(now, Input::Host(HostInput::Completed(loaded)), out);
        }
        self.input(now, Input::Start, out);
    }

    fn switch_off(&mut self, now: Instant) {
        self.flash_changed();
        self.meter.0.power_fails(now);
        self.storage.power_fails(now);
        (self.waits, self.waits_for_gap) = (false, false);
        self.device = None;
        self.worker = Worker::default();
        self.radio.clear();
        self.run = None;
        self.host_due = None;
        self.causes = Untracked::default();
    }

    /// Gives an input to the device and passes on what follows at once.
    fn input(&mut self, now: Instant, input: Input<ButtonName>, out: &mut Outbox) {
        let Some(device) = &mut self.device else {
            return;
        };
        let button = match &input {
            Input::Host(HostInput::Button { button, .. }) => button.clone(),
            _ => String::new(),
        };
        self.upper_due = Untracked(None);
        let Some(work) = device.handle(now, input) else {
            let text = Text::of(format_args!("no button `{button}`, so nothing happens"));
            self.unknown.get_or_insert(button);
            return out.note(Note::Said(Severity::Warning, text));
        };
        self.heard(now, work, out);
    }

    /// Gives an event of the radio to the device, by a way of its own as on the chip: most of what
    /// reaches a device is that.
    fn radio_event(&mut self, now: Instant, event: RadioEvent, out: &mut Outbox) {
        if let Some(device) = &mut self.device {
            self.storage.heard(now, &event);
            self.meter.0.heard(now, &event);
            let work = device.radio(now, event);
            self.heard(now, work, out);
        }
    }

    /// What an input leads to at once.
    fn heard(&mut self, now: Instant, work: Work, out: &mut Outbox) {
        let cause = out.cause();
        keep(&mut self.causes.0.control, cause.as_slice());
        keep(&mut self.causes.0.host, cause.as_slice());
        self.charge(now, work);
        self.flush(now, out);
    }

    fn charge(&mut self, now: Instant, work: Work) {
        let (from, takes) = (self.processor_free.max(now), self.cpu.takes(work));
        self.meter.0.works(work.level, from, takes);
        self.processor_free = from + takes;
    }

    fn flush(&mut self, now: Instant, out: &mut Outbox) {
        loop {
            let Some(device) = &mut self.device else {
                return;
            };
            if let Some(command) = device.command() {
                self.order(now, command, out);
                continue;
            }
            let Some(output) = device.poll() else { return self.plan_storage(now) };
            self.upper_due = Untracked(None);
            let note = match output {
                Output::Radio(command) => {
                    self.order(now, command, out);
                    continue;
                }
                Output::Dialog(dialog) => {
                    out.push(NodeOutput::Show(dialog.into()));
                    continue;
                }
                Output::Show(text) => {
                    out.push(NodeOutput::Show(Ui::Output(text)));
                    continue;
                }
                Output::Said(severity, text) => Note::Said(severity, text),
                Output::Effect(effect) => self.begin(now, effect, out),
                Output::Log(log) => Note::Log(log),
                Output::Trace(trace) => Note::Trace(trace),
                Output::HciCommand(command) => Note::HciCommand(command),
                Output::HciEvent(event) => Note::HciEvent(event),
                Output::AclOut(acl) => Note::AclOut(acl),
                Output::AclIn(acl) => Note::AclIn(acl),
            };
            out.note(note);
        }
    }

    fn order(&mut self, now: Instant, command: RadioCommand, out: &mut Outbox) {
        self.storage.commanded(now, &command);
        self.meter.0.commanded(now, &command);
        out.push(NodeOutput::Radio(command));
    }

    /// Does what is due.
    fn timer(&mut self, now: Instant, out: &mut Outbox) {
        while self.radio.first().is_some_and(|(due, ..)| *due <= now) {
            let (_, event, cause) = self.radio.remove(0);
            out.also_because(cause.0.as_slice());
            keep(&mut self.causes.0.control, cause.0.as_slice());
            self.radio_event(now, event, out);
        }
        self.finish_slow(now, out);
        out.also_because(&[]);
        if self.device_deadline().is_some_and(|due| due <= now) {
            self.input(now, Input::Timer, out);
        }
        for _ in 0..RUNS {
            self.plan(now);
            match self.run {
                Some((level, at)) if at <= now => self.run(now, level, out),
                _ => return,
            }
        }
    }

    fn run(&mut self, now: Instant, level: Level, out: &mut Outbox) {
        self.run = None;
        let Some(device) = &mut self.device else {
            return;
        };
        let work = device.run(now, level);
        self.upper_due = Untracked(None);
        if level == Level::Host {
            self.host_due = None;
        }
        self.charge(now, work);
        let Causes { control, host } = &mut self.causes.0;
        let (mine, others) = match level {
            Level::Host => (std::mem::take(host), control),
            Level::Radio | Level::Control => (std::mem::take(control), host),
        };
        // What this run has passed on, the other level does because of the same.
        keep(others, &mine);
        out.also_because(&mine);
        self.flush(now, out);
        out.also_because(&[]);
    }

    fn upper_deadline(&self, device: &dyn Device) -> Option<Instant> {
        let kept = self.upper_due.0;
        debug_assert!(kept.is_none_or(|kept| kept == device.upper_deadline()), "it still stands");
        kept.unwrap_or_else(|| device.upper_deadline())
    }

    fn device_deadline(&self) -> Option<Instant> {
        let device = self.device.as_deref()?;
        let (link, upper) = (device.link_deadline(), self.upper_deadline(device));
        link.map_or(upper, |link| Some(upper.map_or(link, |upper| upper.min(link))))
    }

    /// When work that waits will be done.
    fn plan(&mut self, now: Instant) {
        let pending = self.device.as_ref().and_then(|device| device.pending());
        if self.run.map(|(level, _)| level) != pending {
            self.run = pending.map(|level| {
                let due = match level {
                    Level::Radio => now,
                    Level::Control => now + self.cpu.control_latency,
                    // What control does meanwhile makes the host wait no longer than for that.
                    Level::Host => {
                        let due = self.host_due.get_or_insert(now + self.cpu.host_latency);
                        self.cpu.host_free(*due)
                    }
                };
                (level, due.max(now).max(self.processor_free))
            });
        }
    }
}

impl Node for PeripheralNode {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match input {
            NodeInput::Start { entropy } => self.start(now, entropy, out),
            NodeInput::Radio(event) if self.cpu.radio_delay > Duration::ZERO => {
                let due = now + self.cpu.radio_delay;
                self.radio.push((due, event, Untracked(out.cause())));
            }
            NodeInput::Radio(event) => self.radio_event(now, event, out),
            NodeInput::Timer => self.timer(now, out),
            NodeInput::Act(act) => {
                let input = match act {
                    Act::Button { button, pressed } => HostInput::Button { button, pressed },
                    Act::TypePasskey(passkey) => HostInput::PasskeyEntered(passkey),
                    Act::Confirm(same) => HostInput::NumericConfirmed(same),
                    Act::Cancel => HostInput::NumericConfirmed(false),
                    Act::Command(command) => HostInput::Command(command),
                    Act::PowerCycle => return self.switch_off(now),
                    Act::Supply { .. } => return,
                    Act::MinUsedChannels(channels) => {
                        self.input(now, Input::MinUsedChannels(channels), out);
                        return self.plan(now);
                    }
                    Act::Ask(wish) => {
                        let wished = |request: &Request| request.name() == wish;
                        let Some(request) = Request::ALL.into_iter().find(wished) else { return };
                        HostInput::Ask(request)
                    }
                };
                if !self.waits {
                    self.input(now, Input::Host(input), out);
                }
            }
            NodeInput::Saw { .. }
            | NodeInput::Octets(_)
            | NodeInput::Antenna(_)
            | NodeInput::Resume => {}
        }
        self.plan(now);
        if let Some(device) = self.device.as_deref() {
            self.upper_due = Untracked(Some(self.upper_deadline(device)));
        }
    }

    fn idle(&self) -> Option<Idle> {
        self.idle_link()
    }

    fn leap(&mut self, events: u16, by: Duration) {
        self.leap_link(events, by);
    }

    fn armed(&self, tell: Tell<'_>) {
        if let Some(device) = &self.device {
            device.armed(tell);
        }
        if let Some(done) = self.worker.all_done() {
            tell(Armed::until(What::Work, done));
        }
        if self.storage.is_awaited() {
            tell(Armed { what: What::Work, until: self.storage.due() });
        }
        let busy_until = self.cpu.host_busy.map(|[_, until]| until);
        if let Some((Level::Host, at)) = self.run
            && Some(at) == busy_until
        {
            tell(Armed::until(What::Work, at));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.device.as_ref()?;
        let device = self.device_deadline();
        let run = self.run.map(|(_, at)| at);
        let slow = self.worker.next_done();
        let radio = self.radio.first().map(|(due, ..)| *due);
        [device, run, slow, self.storage.due(), radio].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
