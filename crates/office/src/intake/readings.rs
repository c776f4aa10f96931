//! Two readings of the same bytes: which lines of a file are of another encoding than the others, which
//! file can be read two ways, and what a name was before somebody read it wrong. Nothing is chosen here:
//! where there are two readings both are told, with all but their first sign hidden.

use encoding_rs::{BIG5, Encoding, GB18030, SHIFT_JIS, WINDOWS_1252};
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a file by which its encoding is guessed, to be told and never applied.
const GUESSED_BYTES: u64 = 1 << 16;

/// The first line that is of another encoding than the lines before it, and what both are; none where every
/// line can be of one.
pub(super) fn two_encodings(text: impl Read) -> io::Result<Option<String>> {
    let mut text = BufReader::new(text);
    let (mut line, mut number) = (Vec::new(), 0_usize);
    let mut first: Option<(bool, usize)> = None;
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        number = number.saturating_add(1);
        let Some(utf8) = is_utf8(&line) else { continue };
        match first {
            None => first = Some((utf8, number)),
            Some((before, at)) if before != utf8 => {
                let word = |utf8| if utf8 { "UTF-8" } else { "GB18030" };
                return Ok(Some(format!(
                    "两种编码拼在一起:第 {at} 行是 {},第 {number} 行起是 {}(表头是第 1 行);请分别另存为 CSV(UTF-8)再合并,或者分开报送",
                    word(before),
                    word(utf8)
                )));
            }
            Some(_) => {}
        }
    }
}

/// Whether a line is Chinese in UTF-8, or cannot be UTF-8 at all; none for what may be either.
///
/// Two bytes of GB18030 may happen to be a letter of UTF-8. Three in a row that make a Han character there
/// are told only by a whole line of them, so a line that fits UTF-8 and has one is UTF-8.
fn is_utf8(line: &[u8]) -> Option<bool> {
    match std::str::from_utf8(line) {
        Err(_) => Some(false),
        Ok(text) if text.chars().any(is_han) => Some(true),
        Ok(_) => None,
    }
}

/// Both readings of a text that is UTF-8 and has no Chinese in it, where it is GB18030 that has.
pub(super) fn two_readings(mut text: impl Read) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    text.by_ref().take(GUESSED_BYTES).read_to_end(&mut bytes)?;
    for (at, line) in (1_usize..).zip(bytes.split(|b| *b == b'\n')) {
        let (Ok(one), Some(other)) = (std::str::from_utf8(line), strict(GB18030, line)) else {
            continue;
        };
        let wide = |text: &str| text.chars().find(|c| !c.is_ascii());
        if let (Some(one), Some(other)) = (wide(one), wide(&other))
            && is_han(other)
        {
            return Ok(Some(format!(
                "编码有两种读法:第 {at} 行按 UTF-8 读是 `{one}…`,按 GB18030 读是 `{other}…`;没有替您选,请另存为带标记的 CSV(UTF-8)或 xlsx 再报送"
            )));
        }
    }
    Ok(None)
}

/// What a file whose header nobody knows may be written in.
pub(super) fn guess(text: impl Read) -> io::Result<Option<&'static str>> {
    let mut bytes = Vec::new();
    text.take(GUESSED_BYTES).read_to_end(&mut bytes)?;
    // A character may be cut at the end of what was read: whole lines only.
    let end = bytes.iter().rposition(|b| *b == b'\n');
    let whole = end.and_then(|end| bytes.get(..end)).unwrap_or(&bytes);
    if std::str::from_utf8(whole).is_ok() {
        return Ok(is_utf7(whole).then_some("UTF-7"));
    }
    let has = |encoding, fits: fn(char) -> bool| {
        strict(encoding, whole).is_some_and(|text| text.chars().any(fits))
    };
    Ok(
        if has(SHIFT_JIS, |c| matches!(c, '\u{3041}'..='\u{30FF}')) {
            Some("Shift-JIS")
        } else if has(BIG5, |c| "證號戶與間稱類".contains(c)) {
            Some("Big5(繁体)")
        } else {
            None
        },
    )
}

/// `+Xgs-`: Chinese as UTF-7 writes it, sixteen bits in six-bit signs.
fn is_utf7(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap_or("");
    text.split('+').skip(1).any(|rest| {
        let (mut bits, mut held, mut han) = (0_u32, 0_u32, false);
        for six in rest.bytes().map_while(sextet) {
            bits = (bits << 6 | six) & 0x003F_FFFF;
            held = held.saturating_add(6);
            if held < 16 {
                continue;
            }
            held = held.saturating_sub(16);
            // A telephone number has signs of the kind, too, and not all of them Chinese.
            han = char::from_u32(bits >> held & 0xFFFF).is_some_and(is_han);
            if !han {
                return false;
            }
        }
        han
    })
}

fn sextet(sign: u8) -> Option<u32> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let at = SIGNS.iter().position(|s| *s == sign)?;
    u32::try_from(at).ok()
}

/// What a name says when the reading that spoilt it is undone; none for one that was read right.
pub(super) fn undone(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    let again = |encoding: &'static Encoding| {
        let (bytes, _, lost) = encoding.encode(name);
        (!lost).then(|| bytes.into_owned())
    };
    let chinese = |text: &str| {
        let mut wide = text.chars().filter(|c| !c.is_ascii() && *c != '·');
        wide.clone().next().is_some() && wide.all(is_han)
    };
    let utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    // No Latin letter stands past these: a Chinese name is not tried as one.
    let latin = name.chars().all(|c| c < '\u{2200}');
    let found = match latin.then(|| again(WINDOWS_1252)).flatten() {
        Some(bytes) => utf8(&bytes).or_else(|| strict(GB18030, &bytes)),
        None => again(GB18030).and_then(|bytes| utf8(&bytes)),
    };
    found.filter(|text| chinese(text))
}

/// The first sign of a reading; the rest is somebody's name.
pub(super) fn hinted(text: &str) -> String {
    let first: String = text.chars().take(1).collect();
    format!("{first}*")
}

fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(std::borrow::Cow::into_owned)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_name_read_wrong_gives_its_other_reading_and_a_good_one_none() {
        let check = |name: &str, other: Option<&str>| {
            assert_eq!(undone(name).as_deref(), other, "{name}");
        };
        check("寮犱笁", Some("张三"));
        check("å¼\u{A0}ä¸‰", Some("张三"));
        check("ÕÅÈý", Some("张三"));
        for good in [
            "张三",
            "王𬭚",
            "阿依古丽·买买提",
            "联通",
            "José",
            "Zhang",
            "陳國",
            "李㛃",
        ] {
            check(good, None);
        }
    }

    #[test]
    fn lines_of_two_encodings_are_told_apart_and_those_of_one_are_not() {
        let other = GB18030.encode("990101,王桂英\n").0.into_owned();
        let own = "990101,王桂英\n".as_bytes().to_vec();
        let told = |parts: &[&[u8]]| two_encodings(parts.concat().as_slice()).unwrap();
        let told_of = told(&[&own, b"1,2\n", &other]).unwrap();
        assert!(told_of.contains("第 3 行起是 GB18030"), "{told_of}");
        let turned = told(&[&other, &own]).unwrap();
        assert!(turned.contains("第 2 行起是 UTF-8"), "{turned}");
        assert_eq!(told(&[&other, &other, b"1,2\n"]), None);
        assert_eq!(told(&[&own, &own]), None);
    }

    #[test]
    fn a_text_that_can_be_read_two_ways_is_told_with_both() {
        // The famous one: these four bytes are two Greek and Cyrillic signs, and 联通 but for the first byte.
        let both = two_readings("id,name\n1,\u{37B}\u{35B}\n".as_bytes()).unwrap();
        assert!(both.unwrap().contains("两种读法"));
        assert_eq!(two_readings("id,name\n1,abc\n".as_bytes()).unwrap(), None);
    }

    #[test]
    fn other_encodings_are_guessed_to_be_told() {
        let check = |bytes: &[u8], expected: Option<&str>| {
            assert_eq!(guess(bytes).unwrap(), expected);
        };
        check(&BIG5.encode("身份證號,姓名\n1,王\n").0, Some("Big5(繁体)"));
        check(
            &SHIFT_JIS.encode("番号,なまえ\n1,王\n").0,
            Some("Shift-JIS"),
        );
        check(b"+jqtO/YvBU/c,+WdNUDQ-\n1,2\n", Some("UTF-7"));
        check(b"id,name\n1,2\n", None);
        check(b"tel,name\n+8613800138000,2\n", None);
        check(&GB18030.encode("表头,别的\n1,王\n").0, None);
    }
}
