//! 换版: pages follow the rulebook in force. A version that was signed takes over while we serve: the door and
//! the desk under it are made ready beside those at work, then they change places at once. A request in hand
//! ends with the rules it began with.

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use office::OfficeError;
use tower::ServiceExt;

use crate::serve::{House, doors};

/// The pages of an office, under whichever rulebook is in force.
pub struct Pages {
    now: RwLock<Now>,
    /// One takes over at a time.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Takeover>,
    me: Weak<Self>,
}

struct Now {
    house: House,
    router: Router,
}

/// How the last signed version is taken up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Takeover {
    /// What is in force is at work.
    #[default]
    Done,
    /// It is being made ready.
    Begun,
    /// It could not be taken up; says why.
    Failed(String),
}

impl Pages {
    /// The pages of a house.
    #[must_use]
    pub fn new(house: House) -> Arc<Self> {
        Arc::new_cyclic(|me: &Weak<Self>| Self {
            now: RwLock::new(Now {
                router: doors(house.clone(), me.clone()),
                house,
            }),
            turn: tokio::sync::Mutex::default(),
            last: Mutex::default(),
            me: me.clone(),
        })
    }

    /// Every page and every JSON answer; each request goes to those at work when it comes.
    pub fn router(self: &Arc<Self>) -> Router {
        let pages = Arc::clone(self);
        Router::new().fallback(move |request: Request| {
            let router = pages.at_work();
            async move { answer(router, request).await }
        })
    }

    fn at_work(&self) -> Router {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.router.clone()
    }

    /// Takes up the version two persons signed, if one was; whether anything changed. On an error those at
    /// work stay.
    ///
    /// # Errors
    /// The version's texts or access rules cannot be used.
    pub async fn follow(&self) -> Result<bool, OfficeError> {
        let _turn = self.turn.lock().await;
        self.tell(Takeover::Begun);
        let done = self.taken_up().await;
        self.tell(match &done {
            Ok(_) => Takeover::Done,
            Err(error) => Takeover::Failed(error.to_string()),
        });
        done
    }

    async fn taken_up(&self) -> Result<bool, OfficeError> {
        let house = {
            let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
            now.house.clone()
        };
        let Some((access, views)) = house.access.followed().await? else {
            return Ok(false);
        };
        let version = access.office().version();
        let house = House {
            access,
            views,
            ..house
        };
        let router = doors(house.clone(), self.me.clone());
        let next = Now { house, router };
        // What was at work is dropped outside, when its last request has ended.
        let old = {
            let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *now, next)
        };
        drop(old);
        tracing::info!(version, "a signed version of the rulebook took over");
        Ok(true)
    }

    /// The same behind the back of whoever signed.
    pub(crate) fn follow_soon(self: Arc<Self>) {
        self.tell(Takeover::Begun);
        tokio::spawn(async move {
            if let Err(error) = self.follow().await {
                tracing::error!(%error, "the signed version could not be taken up");
            }
        });
    }

    /// How far it is.
    pub(crate) fn takeover(&self) -> Takeover {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn tell(&self, state: Takeover) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

async fn answer(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
