//! One part of a campaign among several that know nothing of each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use bletwin_setup::error::BadInput;

/// Part `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Default for Shard {
    /// All of it.
    fn default() -> Self {
        Self { index: 1, count: 1 }
    }
}

/// Index and number of parts, as batch systems name them, and the lowest index.
const SYSTEMS: [(&str, &[&str], &str); 4] = [
    ("SLURM_ARRAY_TASK_ID", &["SLURM_ARRAY_TASK_COUNT"], "SLURM_ARRAY_TASK_MIN"),
    ("JOB_COMPLETION_INDEX", &["JOB_COMPLETIONS", "BLETWIN_SHARDS"], ""),
    ("CI_NODE_INDEX", &["CI_NODE_TOTAL"], "="),
    ("BLETWIN_SHARD", &["BLETWIN_SHARDS"], "="),
];

impl Shard {
    /// Part `index` of `count`, from 1.
    ///
    /// # Errors
    /// [`BadInput`] unless 1 ≤ `index` ≤ `count`.
    pub fn new(index: usize, count: usize) -> Result<Self, BadInput> {
        if (1..=count).contains(&index) {
            return Ok(Self { index, count });
        }
        Err(BadInput {
            what: format!("there is no part {index} of {count}"),
            help: "parts are counted from 1: `--shard 1/4` to `--shard 4/4`".into(),
        })
    }

    /// Whether a unit belongs to it.
    #[must_use]
    pub const fn has(self, number: usize) -> bool {
        number % self.count == self.index - 1
    }

    /// Number of parts.
    #[must_use]
    pub const fn count(self) -> usize {
        self.count
    }

    /// Which part, from 1.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }

    /// The shard that a batch system gives the process in its environment.
    ///
    /// # Errors
    /// [`BadInput`] if no batch system sets one, or an invalid one.
    pub fn from_environment(read: impl Fn(&str) -> Option<String>) -> Result<Self, BadInput> {
        for (index, counts, min) in SYSTEMS {
            let Some(text) = read(index) else { continue };
            let number = |name: &str, text: &str| {
                text.trim().parse::<usize>().map_err(|_| BadInput {
                    what: format!("{name} is `{text}`, not a number"),
                    help: "say which part by hand: --shard K/N".into(),
                })
            };
            let found = counts.iter().find_map(|name| Some((*name, read(name)?)));
            let Some((name, count)) = found else {
                return Err(BadInput {
                    what: format!("{index} says which part, but nothing says of how many"),
                    help: format!("set {} too", counts.join(" or ")),
                });
            };
            let count = number(name, &count)?;
            let lowest = match min {
                "" => 0,
                "=" => 1,
                min => read(min).map_or(Ok(0), |text| number(min, &text))?,
            };
            let index = number(index, &text)?;
            return Self::new((index + 1).saturating_sub(lowest), count);
        }
        Err(BadInput {
            what: "no batch system says which part this is".into(),
            help: format!(
                "`--shard auto` reads {}; else say --shard K/N",
                SYSTEMS.map(|(index, ..)| index).join(", ")
            ),
        })
    }
}

impl FromStr for Shard {
    type Err = BadInput;

    fn from_str(text: &str) -> Result<Self, BadInput> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some((index.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        let Some((index, count)) = parts else {
            return Err(BadInput {
                what: format!("`{text}` is not a part of a whole"),
                help: "for example `--shard 2/8`, or `--shard auto` in a batch system".into(),
            });
        };
        Self::new(index, count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = BadInput;

    fn try_from(text: String) -> Result<Self, BadInput> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<String, BadInput> {
        let read = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Shard::from_environment(read).map(|shard| shard.to_string())
    }

    #[test]
    fn every_unit_is_in_one_part() {
        for number in 0..50 {
            let having = (1..=7).filter(|k| Shard::new(*k, 7).unwrap().has(number));
            assert_eq!(having.count(), 1);
        }
    }

    #[test]
    fn parts_are_read_and_nonsense_refused() {
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
        for text in ["", "2", "0/4", "5/4", "a/b", "1/0", "-1/3", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn batch_systems_say_which_part() {
        let slurm = |id, min| {
            from(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
                ("SLURM_ARRAY_TASK_MIN", min),
            ])
        };
        assert_eq!(slurm("0", "0").as_deref(), Ok("1/4"));
        assert_eq!(slurm("14", "11").as_deref(), Ok("4/4"));
        assert!(slurm("15", "11").is_err());
        let kubernetes = [("JOB_COMPLETION_INDEX", "2"), ("BLETWIN_SHARDS", "3")];
        assert_eq!(from(&kubernetes).as_deref(), Ok("3/3"));
        assert!(from(&kubernetes[..1]).is_err());
        assert_eq!(from(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")]).as_deref(), Ok("1/2"));
        assert!(from(&[]).is_err() && slurm("x", "0").is_err());
    }
}
