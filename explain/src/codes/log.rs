//! A log of a firmware: which of its connections it is about.

use ble::time::Duration;

use super::lines::{Told, time, told};

/// What a log says of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// What was said of it, in the order of the log.
    pub told: Vec<Told>,
    /// From its beginning to its end, where the log has times.
    pub lasted: Option<Duration>,
}

impl Connection {
    /// Whether its security failed.
    fn failed(&self) -> bool {
        self.told.iter().any(|told| {
            matches!(
                told,
                Told::Security(_)
                    | Told::Refused(_)
                    | Told::KeyMissing
                    | Told::TimedOut
                    | Told::Broken
            )
        })
    }

    fn is_over(&self) -> bool {
        self.told.iter().any(|told| matches!(told, Told::Ended(_) | Told::NotConnected(_)))
    }
}

/// The connection that a log is about: the last in which security failed, else the last of which it
/// says anything.
#[must_use]
pub fn connection<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Connection> {
    let mut all: Vec<Connection> = Vec::new();
    let mut begun = None;
    for line in lines {
        for told in told(line) {
            if told == Told::Begun {
                begun = time(line);
                all.push(Connection::default());
                continue;
            }
            // What is said of security behind the end still belongs to that connection.
            let next = matches!(told, Told::Ended(_) | Told::NotConnected(_));
            if all.last().is_none_or(|last| next && last.is_over()) {
                begun = None;
                all.push(Connection::default());
            }
            let Some(last) = all.last_mut() else { continue };
            if let Told::Ended(_) = told {
                last.lasted = time(line).zip(begun).map(|(to, from)| to.saturating_sub(from));
            }
            last.told.push(told);
        }
    }
    all.retain(|connection| !connection.told.is_empty());
    let failed = all.iter().rposition(Connection::failed);
    let last = failed.or_else(|| all.len().checked_sub(1))?;
    Some(all.swap_remove(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
        [00:00:01.000,000] <inf> app: Advertising\n\
        [00:00:02.000,000] <inf> app: Connected\n\
        [00:00:17.300,000] <err> app: Security failed: 58:A0:23:A6:35:0A level 1 err 9\n\
        [00:00:17.310,000] <inf> app: Disconnected (reason 8)\n\
        [00:01:02.000,000] <inf> app: Connected\n\
        [00:01:09.000,000] <inf> app: Disconnected (reason 19)\n";

    #[test]
    fn a_log_is_about_the_connection_whose_security_failed() {
        let it = connection(LOG.lines()).expect("one");
        assert_eq!(it.told, [Told::Security(9), Told::Ended(8)]);
        assert_eq!(it.lasted.map(|time| time.as_us()), Some(15_310_000));
        let later = LOG.lines().skip(4);
        let it = connection(later).expect("one");
        assert_eq!(
            (it.told, it.lasted.map(|time| time.as_us())),
            (vec![Told::Ended(19)], Some(7_000_000))
        );
    }

    #[test]
    fn what_is_said_behind_the_end_belongs_to_it() {
        let lines = ["disconnect; reason=520", "encryption change event; status=7", "Connected"];
        let it = connection(lines.into_iter()).expect("one");
        assert_eq!((it.told, it.lasted), (vec![Told::Ended(8), Told::Broken], None));
        assert_eq!(connection(["Booting", "Advertising"].into_iter()), None);
    }
}
