//! Numbers and times as they are typed.

use bletwin_bridge::serve::Time;
use bletwin_setup::error::BadInput;

/// Parses a seed argument.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Parses a number argument within bounds.
pub(super) fn within<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(
    text: &str,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("it must be a whole number in {MIN}..={MAX}"))
}

/// Parses the pace of uncontrolled time.
pub(super) fn passing(text: &str) -> Result<Time, BadInput> {
    match text {
        "real" => Ok(Time::Times(1.0)),
        "max" => Ok(Time::Max),
        text => {
            let factor = text.parse().ok().filter(|factor| (0.01..=10_000.0).contains(factor));
            let right = "`real`, a number from 0.01 to 10000, `max`, or `controlled`";
            factor.map(Time::Times).ok_or_else(|| BadInput {
                what: format!("--time is `{text}`"),
                help: format!("give {right}"),
            })
        }
    }
}
