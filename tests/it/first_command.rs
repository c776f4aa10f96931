//! J8 1 and 2 with the program itself: one command makes the county and says where its pages are and with which
//! passwords; the doctor finds nothing; a port that is taken is said before any work, with another exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// People enough for every feed.
const PERSONS: &str = "300";

/// A demo that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo(program: &Path, data: &Path, port: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(["demo", "--persons", PERSONS, "--port", port, "--data"])
        .arg(data);
    command
}

#[test]
fn one_command_opens_the_pages_the_doctor_is_content_and_a_taken_port_is_said() {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = demo(&program, &data, &port).output().unwrap();
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(!told.status.success());
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
    assert!(
        !data.exists(),
        "something was made before the port was asked for"
    );

    let child = demo(&program, &data, "0").stdout(Stdio::piped()).spawn();
    let mut running = Running(child.unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut passwords = 0;
    let mut address = None;
    for line in lines {
        let line = line.unwrap();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["请打开", at, ..] => {
                address = Some((*at).to_owned());
                break;
            }
            [login, _password, _role, _area] if login.is_ascii() => passwords += 1,
            _ => {}
        }
    }
    assert!(passwords > 10, "{passwords} accounts are told");
    let address = address.expect("the demo opens its pages");
    let host = address.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(host).unwrap();
    write!(
        line,
        "GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut page = String::new();
    line.read_to_string(&mut page).unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("登录"),
        "{page}"
    );
    drop(running);

    let doctor = Command::new(&program)
        .args(["doctor", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    // How full the disk of this machine is, is another matter.
    let bad = said
        .lines()
        .find(|line| line.starts_with('✗') && !line.contains("磁盘空间"));
    assert!(
        bad.is_none() && said.contains("磁盘空间"),
        "{said}{}",
        String::from_utf8_lossy(&doctor.stderr)
    );
}
