//! The tags of a page of ours, read just well enough to fill its forms: templates close what they open and
//! put what they set between double quotes.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// Types of a field that keep what the page gave them.
const KEPT: [&str; 7] = [
    "hidden", "password", "file", "submit", "button", "image", "reset",
];
/// The field that says what is wrong, by its id.
const SLIP: &str = "field-problem";

/// A piece of a page: a tag, or the text before the next one.
#[derive(Clone, Copy)]
struct Piece<'p> {
    text: &'p str,
    /// Its name, with `/` in front of an end; empty for text.
    tag: &'p str,
}

impl<'p> Piece<'p> {
    fn attributes(self) -> Vec<(&'p str, Option<&'p str>)> {
        let mut rest = self.text.get(self.tag.len().saturating_add(1)..);
        let mut out = Vec::new();
        while let Some(left) = rest.map(str::trim_start) {
            let end = left.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
            let (name, after) = left.split_at(end.unwrap_or(left.len()));
            if name.is_empty() {
                break;
            }
            let value = after.strip_prefix("=\"").and_then(|v| v.split_once('"'));
            out.push((name, value.map(|(value, _)| value)));
            rest = Some(value.map_or(after, |(_, after)| after));
        }
        out
    }

    /// An attribute as its writer meant it; an empty word where it is only named.
    fn get(self, name: &str) -> Option<String> {
        let all = self.attributes().into_iter();
        let found = all.into_iter().find(|(n, _)| *n == name)?;
        Some(plain(found.1.unwrap_or("")))
    }

    /// The tag without some attributes and with others.
    fn but(self, without: &[&str], with: &str) -> String {
        let mut out = format!("<{}", self.tag);
        for (name, value) in self.attributes() {
            if without.contains(&name) {
                continue;
            }
            out.push(' ');
            out.push_str(name);
            if let Some(value) = value {
                out.push_str("=\"");
                out.push_str(value);
                out.push('"');
            }
        }
        out.push_str(with);
        out.push('>');
        out
    }

    /// A field's name and type, where it is one that somebody fills in.
    fn field(self) -> Option<(String, String)> {
        let kind = match self.tag {
            "input" => self.get("type").unwrap_or_else(|| "text".to_owned()),
            "select" | "textarea" => self.tag.to_owned(),
            _ => return None,
        };
        let secret = self.get("autocomplete").as_deref() == Some("one-time-code");
        (!secret && !KEPT.contains(&kind.as_str())).then_some(())?;
        Some((self.get("name")?, kind))
    }
}

/// The pieces of a page, in order; put together they are the page.
fn pieces(page: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = page;
    while !rest.is_empty() {
        let (length, tag) = match rest.strip_prefix('<') {
            None => (rest.find('<').unwrap_or(rest.len()), ""),
            Some(inside) => {
                let name = inside.find(|c: char| c.is_whitespace() || c == '>');
                (end_of(rest), inside.get(..name.unwrap_or(0)).unwrap_or(""))
            }
        };
        let (text, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        out.push(Piece { text, tag });
        rest = after;
    }
    out
}

/// Where a tag ends: behind the first `>` outside quotes.
fn end_of(tag: &str) -> usize {
    let mut quoted = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at.saturating_add(1),
            _ => {}
        }
    }
    tag.len()
}

/// Words as they were before they were written into a page.
fn plain(text: &str) -> String {
    let signs = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    let mut out = text.to_owned();
    for (written, meant) in signs {
        if out.contains('&') {
            out = out.replace(written, meant);
        }
    }
    out
}

/// Words as a page may hold them.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\0' => {}
            c => out.push(c),
        }
    }
    out
}

/// The page with what was typed in the form that was sent to the address; the page as it is where it has none.
pub(super) fn filled(page: &str, path: &str, typed: &[(String, String)]) -> String {
    let pieces = pieces(page);
    let forms = forms(&pieces, path);
    let best = forms
        .into_iter()
        .rev()
        .max_by_key(|form| likeness(pieces.get(form.clone()).unwrap_or(&[]), typed));
    let Some(form) = best else {
        return page.to_owned();
    };
    let text = |range: Range<usize>| -> String {
        let all = pieces.get(range).unwrap_or(&[]).iter();
        all.map(|piece| piece.text).collect()
    };
    let inside = pieces.get(form.clone()).unwrap_or(&[]);
    let slip = said(&pieces).and_then(|said| Some((at_fault(inside, &said)?, said)));
    let mut out = text(0..form.start);
    out.push_str(&fill(inside, typed, slip));
    out.push_str(&text(form.end..pieces.len()));
    out
}

/// The forms that are sent to an address, as places among the pieces.
fn forms(pieces: &[Piece<'_>], path: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut begun = None;
    for (at, piece) in pieces.iter().enumerate() {
        match piece.tag {
            "form" => {
                let to = piece.get("action").unwrap_or_default();
                let to = to.split('?').next().unwrap_or("").to_owned();
                let is_post = piece.get("method").as_deref() == Some("post");
                begun = (is_post && to == path).then_some(at);
            }
            "/form" => out.extend(begun.take().map(|from| from..at)),
            _ => {}
        }
    }
    out
}

/// How well a form fits what was sent: what it hides and its buttons first, then its fields.
fn likeness(form: &[Piece<'_>], typed: &[(String, String)]) -> (bool, usize, usize) {
    let (mut contradicted, mut hidden, mut fields) = (false, 0_usize, 0_usize);
    for piece in form {
        let Some(name) = piece.get("name") else {
            continue;
        };
        let own = |(n, _): &&(String, String)| *n == name;
        let sent = typed.iter().any(|pair| own(&pair));
        let fixed = piece.get("type").as_deref() == Some("hidden") || piece.tag == "button";
        if !fixed {
            fields = fields.saturating_add(usize::from(sent));
            continue;
        }
        let value = piece.get("value").unwrap_or_default();
        let same = typed.iter().filter(own).any(|(_, v)| *v == value);
        hidden = hidden.saturating_add(usize::from(same));
        // A key is made anew for every page; a button is one of several.
        contradicted |= sent && !same && piece.tag == "input" && !name.ends_with("key");
    }
    (!contradicted, hidden, fields)
}

/// What the page says is wrong.
fn said(pieces: &[Piece<'_>]) -> Option<String> {
    let mut rest = pieces.iter();
    rest.find(|piece| piece.get("id").as_deref() == Some("problems"))?;
    rest.find(|piece| piece.tag == "p")?;
    let words = rest.take_while(|piece| piece.tag != "/p");
    let words: String = words.filter(|p| p.tag.is_empty()).map(|p| p.text).collect();
    Some(plain(words.trim()).trim_end_matches('。').to_owned())
}

/// The field a refusal speaks of: the one whose label it repeats, of several the longest.
fn at_fault(form: &[Piece<'_>], said: &str) -> Option<usize> {
    if form.iter().any(|piece| piece.get("aria-invalid").is_some()) {
        return None;
    }
    let mut label = String::new();
    let mut found: Option<(usize, usize)> = None;
    for (at, piece) in form.iter().enumerate() {
        match piece.tag {
            "label" => label.clear(),
            "" => label.push_str(piece.text),
            _ => {}
        }
        let Some((_, kind)) = piece.field() else {
            continue;
        };
        let words = plain(&label);
        let core = words.trim().split(['(', '(', ',', ',', ':']).next();
        let core = core.unwrap_or("").trim().to_owned();
        label.clear();
        let length = core.chars().count();
        let spoken = length > 1 && said.contains(&core) && kind != "checkbox" && kind != "radio";
        if spoken && found.is_none_or(|(_, longest)| length > longest) {
            found = Some((at, length));
        }
    }
    found.map(|(at, _)| at)
}

/// A form's pieces with what was typed; the field at fault is marked, and says why.
fn fill(form: &[Piece<'_>], typed: &[(String, String)], slip: Option<(usize, String)>) -> String {
    let mut left: BTreeMap<&str, VecDeque<&str>> = BTreeMap::new();
    for (name, value) in typed {
        left.entry(name).or_default().push_back(value);
    }
    let has = |name: &str, value: &str| typed.iter().any(|(n, v)| n == name && v == value);
    let mut out = String::new();
    let mut chosen: Option<&str> = None;
    let mut skipping = false;
    for (at, piece) in form.iter().enumerate() {
        match piece.tag {
            "/textarea" => skipping = false,
            "/select" => chosen = None,
            "option" => {
                let is = chosen.map(|chosen| value_of(form, at) == chosen);
                match is {
                    None => out.push_str(piece.text),
                    Some(true) => out.push_str(&piece.but(&["selected"], " selected")),
                    Some(false) => out.push_str(&piece.but(&["selected"], "")),
                }
                continue;
            }
            _ => {}
        }
        if skipping {
            continue;
        }
        let Some((name, kind)) = piece.field() else {
            out.push_str(piece.text);
            continue;
        };
        let mut mark = String::new();
        if let Some((_, said)) = slip.as_ref().filter(|(place, _)| *place == at) {
            out.push_str(&format!(
                "<span class=\"bad\" id=\"{SLIP}\">{}</span>",
                safe(said)
            ));
            mark = format!(" aria-invalid=\"true\" aria-describedby=\"{SLIP}\"");
        }
        let own = piece.get("value").unwrap_or_else(|| "on".to_owned());
        if kind == "checkbox" || kind == "radio" {
            // A choice the form was not asked for stays as the page has it.
            let ticked = if has(&name, &own) { " checked" } else { "" };
            match kind == "radio" && !left.contains_key(name.as_str()) {
                true => out.push_str(piece.text),
                false => out.push_str(&piece.but(&["checked"], ticked)),
            }
            continue;
        }
        let Some(value) = left.get_mut(name.as_str()).and_then(VecDeque::pop_front) else {
            out.push_str(&piece.but(&[], &mark));
            continue;
        };
        match kind.as_str() {
            "select" => {
                let known = (at..form.len())
                    .take_while(|at| form.get(*at).is_some_and(|p| p.tag != "/select"))
                    .any(|at| {
                        form.get(at).is_some_and(|p| p.tag == "option")
                            && value_of(form, at) == value
                    });
                chosen = known.then_some(value);
                out.push_str(&piece.but(&[], &mark));
            }
            "textarea" => {
                out.push_str(&piece.but(&[], &mark));
                // A line end behind the tag is not part of the words.
                out.push('\n');
                out.push_str(&safe(value));
                skipping = true;
            }
            _ => {
                mark.push_str(&format!(" value=\"{}\"", safe(value)));
                out.push_str(&piece.but(&["value"], &mark));
            }
        }
    }
    out
}

/// What choosing an option sends.
fn value_of(form: &[Piece<'_>], at: usize) -> String {
    let option = form.get(at);
    option
        .and_then(|option| option.get("value"))
        .unwrap_or_else(|| {
            let text = form.get(at.saturating_add(1)).filter(|p| p.tag.is_empty());
            plain(text.map_or("", |text| text.text.trim()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn words_choices_and_ticks_come_back_and_what_is_hidden_or_secret_does_not() {
        let page = r#"<p>x</p><form action="/a" method="post"><input type="hidden" name="form" value="new"><label>日期<input name="day" value="2026-09-14"></label><label>口令<input type="password" name="secret"></label><select name="kind"><option value="1" selected>一</option><option>二</option></select><input type="checkbox" name="tick" value="a" checked><input type="checkbox" name="tick" value="b"><textarea name="why"></textarea></form>"#;
        let sent = typed(&[
            ("form", "old"),
            ("day", "明天\"><b>"),
            ("secret", "s3cret"),
            ("kind", "二"),
            ("tick", "b"),
            ("why", "</textarea>因为"),
        ]);
        assert_eq!(
            filled(page, "/a", &sent),
            r#"<p>x</p><form action="/a" method="post"><input type="hidden" name="form" value="new"><label>日期<input name="day" value="明天&#34;&#62;&#60;b&#62;"></label><label>口令<input type="password" name="secret"></label><select name="kind"><option value="1">一</option><option selected>二</option></select><input type="checkbox" name="tick" value="a"><input type="checkbox" name="tick" value="b" checked><textarea name="why">
&#60;/textarea&#62;因为</textarea></form>"#
        );
        assert_eq!(filled(page, "/b", &sent), page);
    }

    #[test]
    fn of_several_forms_the_one_that_was_sent_is_filled() {
        let page = r#"<form action="/a" method="post"><input type="hidden" name="no" value="1"><input name="why"></form><form action="/a" method="post"><input type="hidden" name="no" value="2"><input name="why"></form>"#;
        let got = filled(page, "/a", &typed(&[("no", "2"), ("why", "x")]));
        assert!(
            got.ends_with(r#"value="2"><input name="why" value="x"></form>"#)
                && got.matches("value=\"x\"").count() == 1,
            "{got}"
        );
    }

    #[test]
    fn the_field_a_refusal_speaks_of_is_marked_and_says_why() {
        let page = r#"<div id="problems"><b>没有办成</b><p>会议日期 不是日期。</p></div><form action="/a" method="post"><label>名称<input name="title"></label><label>日期<input name="day"></label></form>"#;
        let got = filled(page, "/a", &typed(&[("title", "t"), ("day", "x")]));
        assert!(got.contains(r#"<span class="bad" id="field-problem">会议日期 不是日期</span><input name="day" aria-invalid="true" aria-describedby="field-problem" value="x">"#), "{got}");
        assert!(got.contains(r#"<input name="title" value="t">"#), "{got}");
    }
}
