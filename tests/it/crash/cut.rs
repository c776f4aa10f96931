//! The line to PostgreSQL, cut in the moment of a commit: what stands is looked up, never guessed and never
//! done twice.

use super::acts::{self, Act};
use super::record::difference;
use super::{Place, place, postgres};
use office::Database;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

const SOCKET: &str = ".s.PGSQL.5432";

/// What becomes of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// It holds.
    Holds,
    /// It breaks before the next commit leaves.
    BreaksBefore,
    /// It breaks when the next commit has left and before its answer comes.
    BreaksAfter,
    /// The same, and then nobody can be reached.
    BreaksAfterForLong,
    /// Nobody can be reached.
    Gone,
}

/// A line of our own to the server.
struct Wire {
    folder: TempDir,
    line: Arc<Mutex<Line>>,
    to: String,
}

impl Wire {
    fn new(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = address.split("host=").nth(1).unwrap();
        let host = host.split(' ').next().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let line = Arc::new(Mutex::new(Line::Holds));
        let (state, server) = (Arc::clone(&line), Path::new(host).join(SOCKET));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.lock().unwrap() == Line::Gone {
                    continue;
                }
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(carried(client, server, Arc::clone(&state)));
            }
        });
        Self {
            to: address.replace(host, &folder.path().to_string_lossy()),
            folder,
            line,
        }
    }

    fn set(&self, line: Line) {
        assert!(self.folder.path().exists());
        *self.line.lock().unwrap() = line;
    }
}

async fn carried(client: UnixStream, server: UnixStream, state: Arc<Mutex<Line>>) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut listens) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
    let mut bytes = vec![0; 65_536];
    while let Ok(many) = asks.read(&mut bytes).await {
        let some = &bytes[..many];
        if many == 0 {
            break;
        }
        let commits = some.windows(7).any(|w| w == b"commit\0");
        let line = *state.lock().unwrap();
        let leaves = match line {
            Line::Holds => None,
            Line::Gone => Some(Line::Gone),
            Line::BreaksBefore | Line::BreaksAfter if commits => Some(Line::Holds),
            Line::BreaksAfterForLong if commits => Some(Line::Gone),
            _ => None,
        };
        if let Some(then) = leaves {
            *state.lock().unwrap() = then;
            // No answer gets through any more, whatever the server says.
            back.abort();
            if matches!(line, Line::BreaksAfter | Line::BreaksAfterForLong) {
                listens.write_all(some).await.unwrap();
                listens.flush().await.unwrap();
            }
            break;
        }
        if listens.write_all(some).await.is_err() {
            break;
        }
    }
    back.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_cut_at_the_commit_is_looked_up_and_nothing_is_done_twice() {
    let Some(Place { room, base }) = place(postgres()).await else {
        return;
    };
    let (waits, hangs) = acts::cases(&base).await;
    let batch = acts::unanswered(&base).await;
    let Database::Postgres { address } = &base.database else {
        panic!("not on PostgreSQL")
    };
    let wire = Wire::new(address);
    let through = Database::Postgres {
        address: wire.to.clone(),
    };
    let office = acts::opened(&base.folder, &through, "2026-09-21T09:00").await;

    // The question never left: nothing stands, and it is said so.
    let act = Act::Decide(waits);
    let ready = acts::prepared(&office, &base.folder, &act).await;
    let before = base.dump().await;
    wire.set(Line::BreaksBefore);
    let said = acts::done(&office, &act, &ready).await.unwrap_err();
    assert!(said.contains("没有保存"), "{said}");
    assert_eq!(difference(&base.dump().await, &before), None);
    acts::done(&office, &act, &ready).await.unwrap();

    // The answer was lost: it stands, and is told as done, since it is.
    let act = Act::FinishNotice(hangs);
    let ready = acts::prepared(&office, &base.folder, &act).await;
    wire.set(Line::BreaksAfter);
    acts::done(&office, &act, &ready).await.unwrap();
    let once = base.dump().await;
    acts::done(&office, &act, &ready).await.unwrap_err();
    assert_eq!(difference(&base.dump().await, &once), None);

    // Nobody can be asked: it is said that nobody knows; once there is a line, the same again changes nothing.
    office.clock().set("2026-09-14T09:00");
    let act = Act::Answer(batch);
    let ready = acts::prepared(&office, &base.folder, &act).await;
    wire.set(Line::BreaksAfterForLong);
    let said = acts::done(&office, &act, &ready).await.unwrap_err();
    assert!(said.contains("不知道这一步有没有存上"), "{said}");
    let said = acts::done(&office, &act, &ready).await.unwrap_err();
    assert!(said.contains("连不上数据库服务器"), "{said}");
    let once = base.dump().await;
    wire.set(Line::Holds);
    acts::done(&office, &act, &ready).await.unwrap();
    assert_eq!(difference(&base.dump().await, &once), None);
    drop(ready);
    acts::close(office).await;
    drop(room);
}
