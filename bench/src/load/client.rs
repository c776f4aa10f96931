//! A browser that costs little: one kept connection, HTTP/1.1, no more of it than these pages need.

use anyhow::{Context, Result, bail};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// After this long an answer is an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who asks.
#[derive(Clone)]
pub struct Cookie(String);

impl Cookie {
    /// Nobody.
    pub fn none() -> Self {
        Self(String::new())
    }

    /// Somebody signed in.
    pub fn of(secret: &str) -> Self {
        Self(format!("Cookie: doudi_session={secret}\r\n"))
    }
}

/// A page to be asked for.
pub struct Request {
    /// Who asks.
    pub cookie: Cookie,
    /// What for.
    pub path: String,
    /// A form that is sent, as it stands in the body.
    pub form: Option<String>,
}

/// An answer.
pub struct Page {
    /// 200 when all is well.
    pub status: u16,
    /// Its text.
    pub body: Vec<u8>,
}

/// One browser.
pub struct Client {
    port: u16,
    line: Option<TcpStream>,
}

impl Client {
    /// A browser that has not asked yet.
    pub fn new(port: u16) -> Self {
        Self { port, line: None }
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str, cookie: &Cookie) -> Result<Page> {
        let request = Request {
            cookie: cookie.clone(),
            path: path.to_owned(),
            form: None,
        };
        self.ask(&request).await
    }

    /// Asks, on the kept connection where there is one.
    pub async fn ask(&mut self, request: &Request) -> Result<Page> {
        let kept = self.line.take();
        let is_kept = kept.is_some();
        let mut line = match kept {
            Some(line) => line,
            None => self.connected().await?,
        };
        let mut told = timeout(PATIENCE, exchange(&mut line, self.port, request)).await?;
        if told.is_err() && is_kept {
            // The server may have closed a line that was idle; a new one decides.
            line = self.connected().await?;
            told = timeout(PATIENCE, exchange(&mut line, self.port, request)).await?;
        }
        let page = told?;
        self.line = Some(line);
        Ok(page)
    }

    async fn connected(&self) -> Result<TcpStream> {
        let line = TcpStream::connect(("127.0.0.1", self.port)).await?;
        line.set_nodelay(true)?;
        Ok(line)
    }
}

async fn exchange(line: &mut TcpStream, port: u16, request: &Request) -> Result<Page> {
    let Cookie(cookie) = &request.cookie;
    let text = match &request.form {
        None => format!(
            "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n",
            request.path
        ),
        Some(form) => format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}Sec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            request.path,
            form.len()
        ),
    };
    line.write_all(text.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(32_768);
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        more(line, &mut bytes).await?;
    };
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status: u16 = status.context("no status")?;
    let header = |name: &str| {
        let value = text.lines().find_map(|row| row.strip_prefix(name))?;
        Some(value.trim().to_owned())
    };
    if let Some(length) = header("content-length:") {
        let length: usize = length.parse()?;
        while bytes.len() < head + length {
            more(line, &mut bytes).await?;
        }
    } else if header("transfer-encoding:").is_some() {
        // Nothing here is sent in parts that end otherwise.
        while !bytes.ends_with(b"0\r\n\r\n") {
            more(line, &mut bytes).await?;
        }
    }
    Ok(Page {
        status,
        body: bytes.split_off(head),
    })
}

async fn more(line: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    if line.read_buf(bytes).await? == 0 {
        bail!("the server closed the line in the middle of an answer");
    }
    Ok(())
}
