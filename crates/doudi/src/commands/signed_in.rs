//! Signing in at the terminal: account and password as on the pages, so that three persons are three
//! persons here too.

use crate::ended::RefusedInput;
use crate::folder::Folder;
use anyhow::Result;
use office::access::{Access, Acting, SignInError, Stage};
use office::{Office, Watch};
use std::io::Read;
use std::sync::Arc;

/// Who acts.
#[derive(clap::Args)]
pub struct Who {
    /// 账号
    #[arg(long, value_name = "LOGIN")]
    user: String,
    /// 动态口令
    #[arg(long)]
    code: Option<String>,
    /// 给程序读
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    folder: Folder,
}

impl Who {
    /// Somebody named beside other arguments of a command.
    pub(super) fn of(user: String, code: Option<String>, folder: Folder) -> Self {
        Self {
            user,
            code,
            json: false,
            folder,
        }
    }
}

/// Somebody at an open office.
pub(super) struct Desk {
    pub(super) office: Arc<Office>,
    pub(super) who: Acting,
}

impl Desk {
    /// Opens the folder and signs in with account, password and whatever else is asked. `command` is what
    /// the chain says the person came with.
    ///
    /// # Errors
    /// [`RefusedInput`] with what the person has to do; the office's own.
    pub(super) async fn signed_in(who: &Who, command: &str) -> Result<Self> {
        let office = Arc::new(who.folder.open().await?);
        let access = Access::open(Arc::clone(&office), Watch::Machine)?;
        let refused = |e: SignInError| RefusedInput(e.to_string());
        let word = password()?;
        let begun = access.sign_in(&who.user, &word, "terminal", command);
        let mut secret = begun.await.map_err(refused)?.secret.text();
        let missing = || RefusedInput("会话没有建成,请再试一次".to_owned());
        let mut visitor = access.visitor(&secret).await?.ok_or_else(missing)?;
        if visitor.stage == Stage::Code {
            let none = || RefusedInput("这个账号要动态口令,请加 --code".to_owned());
            let code = who.code.as_deref().ok_or_else(none)?;
            let shown = access.show_code(&visitor, code, "terminal", command);
            secret = shown.await.map_err(refused)?.secret.text();
            visitor = access.visitor(&secret).await?.ok_or_else(missing)?;
        }
        if visitor.stage != Stage::Whole {
            let said = "这个账号还没有改过口令或者没有绑动态口令;请先在页面上登录一次";
            return Err(RefusedInput(said.to_owned()).into());
        }
        let who = visitor.acting;
        Ok(Self { office, who })
    }

    /// The machine's own account, for acts that need nobody's name.
    ///
    /// # Errors
    /// The office's.
    pub(super) async fn at_the_machine(folder: &Folder) -> Result<Self> {
        let office = Arc::new(folder.open().await?);
        let access = Access::open(Arc::clone(&office), Watch::Machine)?;
        let who = access.machine().await?;
        Ok(Self { office, who })
    }

    /// Lets the folder go, whatever came of it; `told` says which errors are the person's to mend.
    ///
    /// # Errors
    /// The answer's own, as `told` puts it.
    pub(super) async fn close<T, E>(
        self,
        answer: Result<T, E>,
        told: impl FnOnce(E) -> anyhow::Error,
    ) -> Result<T> {
        if let Some(office) = Arc::into_inner(self.office) {
            office.close().await;
        }
        answer.map_err(told)
    }
}

/// The password from the environment, else a line of the input; never an argument, which others see.
fn password() -> Result<String> {
    if let Ok(word) = std::env::var("DOUDI_PASSWORD") {
        return Ok(word);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
