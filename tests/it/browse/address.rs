//! Addresses as pages and browsers write them.

/// An address without its escapes, so that one is the same however it is written.
pub(super) fn unwritten(address: &str) -> String {
    form_urlencoded::parse(address.as_bytes())
        .map(|(path, _)| path.into_owned())
        .collect()
}

/// An address as a browser writes it.
pub(super) fn written(path: &str) -> String {
    let byte = |b: u8| match b.is_ascii() {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    path.bytes().map(byte).collect()
}
