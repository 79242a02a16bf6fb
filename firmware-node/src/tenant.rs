//! Applications and peripherals whose kind is known only when the program runs.
//!
//! Below, everything is generic over the application: it is what a chip runs. A world is not:
//! setups name an application by a word, and a program may hold many. So a node owns its peripheral
//! behind [`Device`], one indirect call an input, and [`Tenant`] is the application in a box
//! (docs/ARCHITECTURE.md has both measured).

use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use ble::armed::Tell;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::text::Text;
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use firmware_core::application::{Application, Button};
use firmware_core::config::Config;
use firmware_core::host::bonds::Bond;
use firmware_core::host::gatt::Gatt;
use firmware_core::host::message::HostInput;
use firmware_core::link::IdleLink;
use firmware_core::peripheral::{Input, Output, Peripheral};

/// A button, by its name.
pub type ButtonName = String;

/// A peripheral that is switched on, whatever its application.
pub trait Device: Debug + Send + Sync {
    /// As [`Peripheral::handle`]; `None` (and nothing has happened) if it has no such button.
    fn handle(&mut self, now: Instant, input: Input<ButtonName>) -> Option<Work>;
    /// Takes an event of the radio, as [`Peripheral::radio`].
    fn radio(&mut self, now: Instant, event: RadioEvent) -> Work;
    /// The next command for the radio, as [`Peripheral::command`].
    fn command(&mut self) -> Option<RadioCommand>;
    /// Does the work that waits at a level, as [`Peripheral::run`].
    fn run(&mut self, now: Instant, level: Level) -> Work;
    /// The most urgent level at which work waits, as [`Peripheral::pending`].
    fn pending(&self) -> Option<Level>;
    /// As [`Peripheral::poll`], with outputs as texts.
    fn poll(&mut self) -> Option<Output<Text>>;
    /// When [`Input::Timer`] is due for the link layer's lower half, as
    /// [`Peripheral::link_deadline`].
    fn link_deadline(&self) -> Option<Instant>;
    /// When it is due for the rest, as [`Peripheral::upper_deadline`].
    fn upper_deadline(&self) -> Option<Instant>;
    /// Its idle connection, as [`Peripheral::idle`].
    fn idle(&self) -> Option<IdleLink>;
    /// Leaves out events of it, as [`Peripheral::leap`].
    fn leap(&mut self, events: u16, by: Duration);
    /// Somebody waits for a gap of the radio, or waits no more, as [`Peripheral::wait_for_gap`].
    fn wait_for_gap(&mut self, now: Instant, waits: bool);
    /// Reports what is under way, as [`Peripheral::armed`].
    fn armed(&self, tell: Tell<'_>);
    /// The longest connSupervisionTimeout in force, as [`Peripheral::supervision_timeout`].
    fn supervision_timeout(&self) -> Option<Duration>;
    /// The bonds, by slot.
    fn bonds(&self) -> Box<dyn Iterator<Item = &Bond> + '_>;
    /// Security levels of its connections, 1–4.
    fn levels(&self) -> Vec<u8>;
    /// The same once more.
    fn boxed(&self) -> Box<dyn Device>;
    /// Whether the other is the same, application and all.
    fn same(&self, other: &dyn Device) -> bool;
    /// Hashes its whole state, application included; [`Hash`] of `dyn Device` is made of it.
    fn digest(&self, state: &mut dyn Hasher);
    /// For [`Self::same`], and for who knows the application.
    fn as_any(&self) -> &dyn Any;
}

impl<A: Application + Send + Sync> Device for Peripheral<A>
where
    A::Button: Send + Sync,
    A::Output: Send + Sync,
{
    fn handle(&mut self, now: Instant, input: Input<ButtonName>) -> Option<Work> {
        Some(Self::handle(self, now, known(input)?))
    }

    fn radio(&mut self, now: Instant, event: RadioEvent) -> Work {
        Self::radio(self, now, event)
    }

    fn command(&mut self) -> Option<RadioCommand> {
        Self::command(self)
    }

    fn run(&mut self, now: Instant, level: Level) -> Work {
        Self::run(self, now, level)
    }

    fn pending(&self) -> Option<Level> {
        Self::pending(self)
    }

    fn poll(&mut self) -> Option<Output<Text>> {
        Self::poll(self).map(told)
    }

    fn link_deadline(&self) -> Option<Instant> {
        Self::link_deadline(self)
    }

    fn upper_deadline(&self) -> Option<Instant> {
        Self::upper_deadline(self)
    }

    fn idle(&self) -> Option<IdleLink> {
        Self::idle(self)
    }

    fn leap(&mut self, events: u16, by: Duration) {
        Self::leap(self, events, by);
    }

    fn wait_for_gap(&mut self, now: Instant, waits: bool) {
        Self::wait_for_gap(self, now, waits);
    }

    fn armed(&self, tell: Tell<'_>) {
        Self::armed(self, tell);
    }

    fn supervision_timeout(&self) -> Option<Duration> {
        Self::supervision_timeout(self)
    }

    fn bonds(&self) -> Box<dyn Iterator<Item = &Bond> + '_> {
        Box::new(self.host().bonds())
    }

    fn levels(&self) -> Vec<u8> {
        let host = self.host();
        host.handles().map(|handle| host.level(handle)).collect()
    }

    fn boxed(&self) -> Box<dyn Device> {
        Box::new(self.clone())
    }

    fn same(&self, other: &dyn Device) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn digest(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The same input with the application's own button; `None` if it has no such.
fn known<B: Button>(input: Input<ButtonName>) -> Option<Input<B>> {
    Some(match input {
        Input::Start => Input::Start,
        Input::Radio(event) => Input::Radio(event),
        Input::Timer => Input::Timer,
        Input::MinUsedChannels(channels) => Input::MinUsedChannels(channels),
        Input::Host(input) => Input::Host(match input {
            HostInput::Event(event) => HostInput::Event(event),
            HostInput::Acl(acl) => HostInput::Acl(acl),
            HostInput::Completed(completion) => HostInput::Completed(completion),
            HostInput::Button { button, pressed } => {
                HostInput::Button { button: B::by_name(&button)?, pressed }
            }
            HostInput::PasskeyEntered(passkey) => HostInput::PasskeyEntered(passkey),
            HostInput::NumericConfirmed(same) => HostInput::NumericConfirmed(same),
            HostInput::Ask(request) => HostInput::Ask(request),
            HostInput::Command(command) => HostInput::Command(command),
        }),
    })
}

/// The same output with the application's in its own words.
fn told<O: std::fmt::Display>(output: Output<O>) -> Output<Text> {
    match output {
        Output::Radio(command) => Output::Radio(command),
        Output::Effect(effect) => Output::Effect(effect),
        Output::Log(log) => Output::Log(log),
        Output::Said(severity, text) => Output::Said(severity, text),
        Output::Dialog(dialog) => Output::Dialog(dialog),
        Output::Show(output) => Output::Show(Text::of(output)),
        Output::Trace(trace) => Output::Trace(trace),
        Output::HciCommand(command) => Output::HciCommand(command),
        Output::HciEvent(event) => Output::HciEvent(event),
        Output::AclOut(acl) => Output::AclOut(acl),
        Output::AclIn(acl) => Output::AclIn(acl),
    }
}

impl Clone for Box<dyn Device> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl PartialEq for dyn Device {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

impl Eq for dyn Device {}

impl Hash for dyn Device {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest(state);
    }
}

/// What a [`Tenant`] must do whatever it is.
trait Erased: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn about(&self) -> &'static str;
    fn gatt(&self) -> Gatt;
    fn buttons(&self) -> Vec<&'static str>;
    fn boot(&self, config: Config, entropy: &Entropy) -> Box<dyn Device>;
    fn boxed(&self) -> Box<dyn Erased>;
    fn same(&self, other: &dyn Erased) -> bool;
    fn digest(&self, state: &mut dyn Hasher);
    fn as_any(&self) -> &dyn Any;
}

impl<A: Application + Send + Sync> Erased for A
where
    A::Button: Send + Sync,
    A::Output: Send + Sync,
{
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn about(&self) -> &'static str {
        A::ABOUT
    }

    fn gatt(&self) -> Gatt {
        A::GATT
    }

    fn buttons(&self) -> Vec<&'static str> {
        A::Button::ALL.iter().map(|button| button.name()).collect()
    }

    fn boot(&self, config: Config, entropy: &Entropy) -> Box<dyn Device> {
        Box::new(Peripheral::<A>::new(config, self.clone(), entropy))
    }

    fn boxed(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn same(&self, other: &dyn Erased) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn digest(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An application as it is when power comes on, whichever it is.
#[derive(Debug)]
pub struct Tenant(Box<dyn Erased>);

impl Tenant {
    /// Puts an application into a box.
    pub fn new<A: Application + Send + Sync>(application: A) -> Self
    where
        A::Button: Send + Sync,
        A::Output: Send + Sync,
    {
        Self(Box::new(application))
    }

    /// The word by which setups name it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// What it is, in a line.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.0.about()
    }

    /// Its name on air and its attributes.
    #[must_use]
    pub fn gatt(&self) -> Gatt {
        self.0.gatt()
    }

    /// Names of its buttons, as [`HostInput::Button`] takes them; empty if it has none.
    #[must_use]
    pub fn buttons(&self) -> Vec<&'static str> {
        self.0.buttons()
    }

    /// A peripheral with this application, as after power-on.
    #[must_use]
    pub fn boot(&self, config: Config, entropy: &Entropy) -> Box<dyn Device> {
        self.0.boot(config, entropy)
    }
}

impl Clone for Tenant {
    fn clone(&self) -> Self {
        Self((*self.0).boxed())
    }
}

impl PartialEq for Tenant {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
    }
}

impl Eq for Tenant {}

impl Hash for Tenant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest(state);
    }
}

/// What a peripheral's firmware is built from: the choices of the core, and the application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Build {
    /// The core's choices.
    pub config: Config,
    /// What it is for.
    pub application: Tenant,
    /// What it is after an update of its firmware, where that was chosen.
    pub update: Option<Tenant>,
}

impl Build {
    /// These choices with this application.
    pub fn new<A: Application + Send + Sync>(config: Config, application: A) -> Self
    where
        A::Button: Send + Sync,
        A::Output: Send + Sync,
    {
        Self { config, application: Tenant::new(application), update: None }
    }
}
