//! Which procedures the host starts by itself, and when: the policy that the founding case is
//! about. One value per connection decides; the host turns its [`Request`]s into HCI commands.

use crate::config::{
    Config, DataLengthUpdate, FeatureExchange, NotGranted, ParamUpdate, PhyUpdate, VersionExchange,
};
use ble::armed::{Armed, Tell, What};
use ble::hci::ConnectionParameters;
use ble::time::{Duration, Instant};

/// Something to ask the controller for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// LE Read Remote Features.
    Features,
    /// Read Remote Version Information.
    Version,
    /// LE Set PHY, 2M both ways.
    Phy,
    /// LE Set Data Length, the longest there is.
    DataLength,
    /// LE Connection Update, the preferred parameters.
    Parameters,
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Features, Self::Version, Self::Phy, Self::DataLength, Self::Parameters];

    /// A word for each.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Version => "version",
            Self::Phy => "phy",
            Self::DataLength => "data-length",
            Self::Parameters => "parameters",
        }
    }
}

/// The requests to send now, back to back and in the order of [`Request::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requests(u8);

impl Requests {
    const fn add(&mut self, request: Request) {
        self.0 |= 1 << request as u8;
    }

    const fn has(self, request: Request) -> bool {
        self.0 & (1 << request as u8) != 0
    }

    /// In their order.
    pub fn each(self) -> impl Iterator<Item = Request> {
        Request::ALL.into_iter().filter(move |request| self.has(*request))
    }
}

/// Automatic procedures of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AutomaticProcedures {
    features_asked: bool,
    /// What follows bonding has been asked for.
    secured: bool,
    parameters: Parameters,
    /// How often they may still be asked for.
    tries: u8,
}

/// The update of the connection parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Parameters {
    /// Not before this.
    At(Instant),
    /// As soon as security has settled.
    WhenQuiet,
    /// Asked for as often as this configuration does; by then they should be granted.
    By(Instant),
    /// Asked for, or not wanted.
    Done,
}

/// The present connection parameters when an update of them is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateSituation {
    /// Security is being set up.
    pub busy: bool,
    /// There is nothing to gain from asking.
    pub fits: bool,
    /// No request is possible before this.
    pub not_before: Option<Instant>,
}

/// The action that is due for that update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// To ask for this, which may be nothing.
    Ask(Requests),
    /// Disconnect: the request was not granted.
    Leave,
}

impl AutomaticProcedures {
    /// A connection was established.
    pub fn connected(config: &Config, now: Instant) -> (Self, Requests) {
        let mut requests = Requests::default();
        let features_asked = config.feature_exchange == FeatureExchange::Always;
        if features_asked {
            requests.add(Request::Features);
        }
        if config.version_exchange == VersionExchange::OnConnect {
            requests.add(Request::Version);
        }
        if config.phy_update == PhyUpdate::OnConnect {
            requests.add(Request::Phy);
        }
        if config.data_length == DataLengthUpdate::OnConnect {
            requests.add(Request::DataLength);
        }
        let parameters = match config.param_update {
            ParamUpdate::AfterMs(ms) | ParamUpdate::AfterMsNotWhilePairing(ms) => {
                Parameters::At(now + Duration::from_ms(ms.into()))
            }
            ParamUpdate::Never => Parameters::Done,
        };
        let tries = config.insistence.tries.max(1);
        (Self { features_asked, secured: false, parameters, tries }, requests)
    }

    /// Pairing has ended with a bond, or a bonded connection is encrypted: gives the requests
    /// deferred until then. Once per connection.
    pub fn secured(&mut self, config: &Config) -> Requests {
        let mut requests = Requests::default();
        if core::mem::replace(&mut self.secured, true) {
            return requests;
        }
        let phy = config.phy_update == PhyUpdate::AfterBonding;
        let data_length = config.data_length == DataLengthUpdate::AfterBonding;
        if phy || data_length {
            self.features_first(&mut requests);
        }
        if phy {
            requests.add(Request::Phy);
        }
        if data_length {
            requests.add(Request::DataLength);
        }
        requests
    }

    /// Time has passed, or security has settled.
    pub fn parameters_due(&mut self, config: &Config, now: Instant, is: UpdateSituation) -> Due {
        let nothing = Due::Ask(Requests::default());
        match self.parameters {
            Parameters::At(at) | Parameters::By(at) if at <= now => {}
            Parameters::WhenQuiet => {}
            Parameters::At(_) | Parameters::By(_) | Parameters::Done => return nothing,
        }
        if is.fits {
            self.parameters = Parameters::Done;
            return nothing;
        }
        if self.parameters == Parameters::WhenQuiet || self.tries > 0 {
            self.ask_for_parameters(config, now, is)
        } else {
            self.parameters = Parameters::Done;
            Due::Leave
        }
    }

    fn ask_for_parameters(&mut self, config: &Config, now: Instant, is: UpdateSituation) -> Due {
        let mut requests = Requests::default();
        if is.busy && matches!(config.param_update, ParamUpdate::AfterMsNotWhilePairing(_)) {
            self.parameters = Parameters::WhenQuiet;
            return Due::Ask(requests);
        }
        if let Some(at) = is.not_before.filter(|at| now < *at) {
            self.parameters = Parameters::At(at);
            return Due::Ask(requests);
        }
        self.tries = self.tries.saturating_sub(1);
        let last = self.tries == 0 && config.insistence.not_granted == NotGranted::Stay;
        let period = Duration::from_ms(config.insistence.period_ms.into());
        self.parameters = if last { Parameters::Done } else { Parameters::By(now + period) };
        self.features_first(&mut requests);
        requests.add(Request::Parameters);
        Due::Ask(requests)
    }

    /// When to call [`Self::parameters_due`] next.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.parameters {
            Parameters::At(at) | Parameters::By(at) => Some(at),
            Parameters::WhenQuiet | Parameters::Done => None,
        }
    }

    /// Reports what it will request later; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        let what = What::Later(Request::Parameters.name());
        match self.parameters {
            Parameters::At(at) | Parameters::By(at) => report(Armed::until(what, at)),
            Parameters::WhenQuiet => report(Armed::open(what)),
            Parameters::Done => {}
        }
    }

    /// With [`FeatureExchange::Cached`] the host asks only now, when it needs the answer. By now
    /// most centrals have sent their features, and the controller then answers without using the
    /// air.
    fn features_first(&mut self, requests: &mut Requests) {
        if !core::mem::replace(&mut self.features_asked, true) {
            requests.add(Request::Features);
        }
    }
}

/// Whether there is nothing to gain from asking for the preferred parameters.
#[must_use]
pub const fn fits(
    preferred: &ConnectionParameters,
    interval: u16,
    latency: u16,
    timeout: u16,
) -> bool {
    preferred.interval_min <= interval
        && interval <= preferred.interval_max
        && preferred.latency == latency
        && preferred.timeout == timeout
}

#[cfg(test)]
mod tests {
    use super::Request::{DataLength, Features, Parameters, Phy, Version};
    use super::*;
    use crate::config::Insistence;
    use std::vec::Vec;

    fn list(requests: Requests) -> Vec<Request> {
        requests.each().collect()
    }

    fn due(p: &mut AutomaticProcedures, config: &Config, now: Instant, busy: bool) -> Due {
        let is = UpdateSituation { busy, fits: false, not_before: None };
        p.parameters_due(config, now, is)
    }

    fn asked(
        p: &mut AutomaticProcedures,
        config: &Config,
        now: Instant,
        busy: bool,
    ) -> Vec<Request> {
        match due(p, config, now, busy) {
            Due::Ask(requests) => list(requests),
            Due::Leave => panic!("it leaves"),
        }
    }

    #[test]
    fn zephyr_2024_asks_for_all_on_connecting_and_for_parameters_after_five_seconds() {
        let config = Config::zephyr_2024();
        let t0 = Instant::from_us(7);
        let (mut p, now) = AutomaticProcedures::connected(&config, t0);
        assert_eq!(list(now), [Features, Phy, DataLength]);
        let t5 = t0 + Duration::from_secs(5);
        assert_eq!(p.deadline(), Some(t5));
        assert_eq!(asked(&mut p, &config, t5.before(Duration::from_us(1)), false), []);
        assert_eq!(asked(&mut p, &config, t5, true), [Parameters], "whatever else goes on");
        assert_eq!(asked(&mut p, &config, t5, true), []);
        assert_eq!(list(p.secured(&config)), []);
    }

    #[test]
    fn the_version_is_asked_for_on_connecting_or_never() {
        let config =
            Config { version_exchange: VersionExchange::OnConnect, ..Config::zephyr_2024() };
        let (_, now) = AutomaticProcedures::connected(&config, Instant::ZERO);
        assert_eq!(list(now), [Features, Version, Phy, DataLength]);
    }

    #[test]
    fn recommended_asks_for_nothing_before_security_has_settled() {
        let config = Config::recommended();
        let t0 = Instant::ZERO;
        let (mut p, now) = AutomaticProcedures::connected(&config, t0);
        assert_eq!(list(now), []);
        let t5 = t0 + Duration::from_secs(5);
        assert_eq!(asked(&mut p, &config, t5, true), []);
        assert_eq!(p.deadline(), None);
        assert_eq!(asked(&mut p, &config, t5, true), []);
        assert_eq!(list(p.secured(&config)), [Features, Phy, DataLength]);
        assert_eq!(asked(&mut p, &config, t5, false), [Parameters]);
        assert_eq!(list(p.secured(&config)), [], "once");
    }

    #[test]
    fn later_requests_are_reported() {
        let armed = |p: &AutomaticProcedures| {
            let mut all = Vec::new();
            p.armed(&mut |armed| all.push(armed));
            all
        };
        let (t0, config) = (Instant::ZERO, Config::recommended());
        let (mut p, _) = AutomaticProcedures::connected(&config, t0);
        let what = What::Later("parameters");
        let t5 = t0 + Duration::from_secs(5);
        assert_eq!(armed(&p), [Armed::until(what, t5)]);
        due(&mut p, &config, t5, true);
        assert_eq!(armed(&p), [Armed::open(what)], "until security has settled");
        due(&mut p, &config, t5, false);
        assert_eq!(armed(&p), []);
    }

    #[test]
    fn parameters_are_asked_for_again_and_then_missed() {
        let insistence = Insistence { tries: 2, period_ms: 1_000, not_granted: NotGranted::Leave };
        let config = Config { insistence, ..Config::zephyr_2024() };
        let second = |n| Instant::ZERO + Duration::from_secs(n);
        let (mut p, _) = AutomaticProcedures::connected(&config, Instant::ZERO);
        assert_eq!(asked(&mut p, &config, second(5), false), [Parameters]);
        assert_eq!(p.deadline(), Some(second(6)));
        let not_before = Some(second(7));
        let is = UpdateSituation { busy: false, fits: false, not_before };
        let nothing = Due::Ask(Requests::default());
        assert_eq!(p.parameters_due(&config, second(6), is), nothing, "not possible yet");
        assert_eq!(asked(&mut p, &config, second(7), false), [Parameters]);
        let granted = UpdateSituation { fits: true, ..is };
        assert_eq!(p.clone().parameters_due(&config, second(8), granted), nothing);
        assert_eq!(due(&mut p, &config, second(8), false), Due::Leave);
        assert_eq!((due(&mut p, &config, second(9), false), p.deadline()), (nothing, None));
    }

    #[test]
    fn never_means_never() {
        let config = Config {
            phy_update: PhyUpdate::Never,
            data_length: DataLengthUpdate::Never,
            param_update: ParamUpdate::Never,
            ..Config::recommended()
        };
        let (mut p, now) = AutomaticProcedures::connected(&config, Instant::ZERO);
        assert_eq!(
            (now, p.secured(&config), p.deadline()),
            (Requests::default(), Requests::default(), None)
        );
        assert_eq!(asked(&mut p, &config, Instant::MAX, false), []);
    }

    #[test]
    fn fitting_parameters_are_left_alone() {
        let preferred = Config::zephyr_2024().preferred;
        assert!(fits(&preferred, 24, 0, 42) && fits(&preferred, 40, 0, 42));
        assert!(!fits(&preferred, 23, 0, 42) && !fits(&preferred, 24, 0, 43));
        assert!(!fits(&preferred, 41, 0, 42) && !fits(&preferred, 24, 1, 42));
    }
}
