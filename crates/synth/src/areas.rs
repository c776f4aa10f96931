//! The fictional county: townships and villages, copied for every further county.

use std::fmt::Write as _;

/// Everybody registered or living outside the county is here.
pub(crate) const ELSEWHERE: &str = "990199001001";

const DEMO: &str = include_str!("../assets/demo_county_990101.csv");

/// A village or residents' committee of the pattern county: its last six digits.
struct Village {
    tail: &'static str,
    name: &'static str,
    class: &'static str,
}

struct Township {
    tail: &'static str,
    name: &'static str,
}

/// The pattern all counties are copied from.
pub(crate) struct Areas {
    villages: Vec<Village>,
    townships: Vec<Township>,
    urban: Vec<usize>,
    rural: Vec<usize>,
}

/// The six-digit code of county number `k`: 990101 … 990189, 990201 …
pub(crate) fn county_code(k: u64) -> i32 {
    let k = i32::try_from(k).unwrap_or(0);
    990_000 + (k / 89 + 1) * 100 + k % 89 + 1
}

impl Areas {
    /// Reads the pattern county.
    pub(crate) fn load() -> Self {
        let mut areas = Self {
            villages: Vec::new(),
            townships: Vec::new(),
            urban: Vec::new(),
            rural: Vec::new(),
        };
        for line in DEMO.lines().skip(1) {
            let mut cells = line.split(',');
            let (Some(code), Some(name), Some(level), _, Some(class)) = (
                cells.next(),
                cells.next(),
                cells.next(),
                cells.next(),
                cells.next(),
            ) else {
                continue;
            };
            let Some(tail) = code.get(6..) else { continue };
            match level {
                "4" => areas.townships.push(Township { tail, name }),
                "5" => {
                    let at = areas.villages.len();
                    if class.starts_with('1') {
                        areas.urban.push(at);
                    } else {
                        areas.rural.push(at);
                    }
                    areas.villages.push(Village { tail, name, class });
                }
                _ => {}
            }
        }
        areas
    }

    /// Positions of the urban or the rural villages.
    pub(crate) fn of_zone(&self, urban: bool) -> &[usize] {
        if urban { &self.urban } else { &self.rural }
    }

    /// The 12-digit code of a village in a county.
    pub(crate) fn code(&self, county: i32, village: usize) -> String {
        let tail = self.villages.get(village).map_or("", |v| v.tail);
        format!("{county:06}{tail}")
    }

    /// A village's short name, for schools and firms.
    pub(crate) fn short_name(&self, village: usize) -> &'static str {
        let name = self.villages.get(village).map_or("", |v| v.name);
        name.trim_end_matches("社区居民委员会")
            .trim_end_matches("村民委员会")
    }

    /// The whole of areas.csv for so many counties.
    pub(crate) fn table(&self, counties: u64) -> String {
        let mut out = String::from("code,name,level,parent,urban_rural_code\n99,示例省,1,,\n");
        let mut city = 0;
        for k in 0..counties {
            let county = county_code(k);
            if county / 100 != city {
                city = county / 100;
                let mark = if city == 9901 {
                    String::new()
                } else {
                    city.to_string()
                };
                let _ = writeln!(out, "{city},示例{mark}市,2,99,");
            }
            let mark = if k == 0 {
                String::new()
            } else {
                format!("{:02}", county % 100)
            };
            let _ = writeln!(out, "{county},示例{mark}县,3,{city},");
            for t in &self.townships {
                let _ = writeln!(out, "{county}{},{},4,{county},", t.tail, t.name);
                for v in self.villages.iter().filter(|v| v.tail.starts_with(t.tail)) {
                    let (parent, class) = (t.tail, v.class);
                    let _ = writeln!(
                        out,
                        "{county}{},{},5,{county}{parent},{class}",
                        v.tail, v.name
                    );
                }
            }
        }
        out.push_str("990199,邻县,3,9901,\n990199001,邻县城关街道,4,990199,\n");
        let _ = writeln!(out, "{ELSEWHERE},邻县城关社区居民委员会,5,990199001,111");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_further_county_repeats_the_pattern_under_its_own_code() {
        assert_eq!(county_code(0), 990_101);
        assert_eq!(county_code(88), 990_189);
        assert_eq!(county_code(89), 990_201);
        let table = Areas::load().table(2);
        let lines = |prefix: &str| table.lines().filter(|l| l.starts_with(prefix)).count();
        assert_eq!(lines("990101"), 130);
        assert_eq!(lines("990102"), 130);
        assert!(table.contains(ELSEWHERE));
    }
}
