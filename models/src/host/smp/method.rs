//! Choice of the association model under LE Secure Connections (Vol 3, Part H, 2.3.5.1).

/// How the two devices convince themselves of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    /// No user interaction.
    JustWorks,
    /// Both show six digits and both users say yes.
    NumericComparison,
    /// The initiator types what the responder shows (or both type the same).
    InitiatorTypes,
    /// The initiator shows, the responder types.
    InitiatorShows,
}

impl Method {
    /// Whether the key that results is authenticated.
    pub(crate) const fn authenticated(self) -> bool {
        !matches!(self, Self::JustWorks)
    }

    /// From both IO capabilities as sent, and whether either side asked for MITM protection.
    /// `None`: a reserved capability.
    pub(crate) const fn choose(initiator: u8, responder: u8, mitm: bool) -> Option<Self> {
        // SMP-METH-1: selecting the method.
        if initiator > 4 || responder > 4 {
            return None;
        }
        if !mitm {
            return Some(Self::JustWorks);
        }
        // 0 DisplayOnly, 1 DisplayYesNo, 2 KeyboardOnly, 3 NoInputNoOutput, 4 KeyboardDisplay.
        Some(match (initiator, responder) {
            (3, _) | (_, 3) | (0 | 1, 0) | (0, 1) => Self::JustWorks,
            (1 | 4, 1 | 4) => Self::NumericComparison,
            (2, _) | (_, 0) => Self::InitiatorTypes,
            _ => Self::InitiatorShows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Method::{self, *};

    #[test]
    fn the_table_of_io_capabilities() {
        // SMP-METH-1: selecting the method.
        // Rows: responder; columns: initiator. As printed in the rule.
        #[rustfmt::skip]
        let table = [
            [JustWorks, JustWorks, InitiatorTypes, JustWorks, InitiatorTypes],
            [JustWorks, NumericComparison, InitiatorTypes, JustWorks, NumericComparison],
            [InitiatorShows, InitiatorShows, InitiatorTypes, JustWorks, InitiatorShows],
            [JustWorks, JustWorks, JustWorks, JustWorks, JustWorks],
            [InitiatorShows, NumericComparison, InitiatorTypes, JustWorks, NumericComparison],
        ];
        for (responder, row) in (0_u8..).zip(table) {
            for (initiator, expected) in (0_u8..).zip(row) {
                let chosen = Method::choose(initiator, responder, true);
                assert_eq!(chosen, Some(expected), "initiator {initiator} responder {responder}");
                assert_eq!(Method::choose(initiator, responder, false), Some(JustWorks));
            }
        }
        assert_eq!(Method::choose(5, 0, true), None);
    }
}
