//! Officials for the tests: real accounts, signed in with their password and whatever else the access
//! rules ask for.

use axum::Router;
use office::access::{
    Access, Acting, By, NewAccount, NewOffice, OneTimePassword, Stage, Visitor, code_at,
};
use office::desk::Desk;
use office::views::Views;
use office::{Office, Watch};
use server::House;
use std::sync::Arc;

/// A place to work and the door to it.
pub(crate) struct Staff {
    pub(crate) access: Arc<Access>,
    pub(crate) watch: Watch,
    area: String,
}

/// Somebody signed in.
pub(crate) struct Signed {
    pub(crate) who: Acting,
    pub(crate) secret: String,
    pub(crate) word: String,
}

pub(crate) const NEW_PASSWORD: &str = "云岭乡三月的桃花开得真早";

impl Staff {
    /// An office of a place, with nobody in it.
    pub(crate) async fn of(office: &Arc<Office>, area: &str) -> Self {
        let watch = Watch::by_hand(office.clock());
        let access = Access::open(Arc::clone(office), watch.clone()).unwrap();
        let bureau = NewOffice {
            code: "bureau".to_owned(),
            name: "民政局".to_owned(),
            area: area.to_owned(),
            parent: None,
        };
        access.add_office(By::Machine, &bureau).await.unwrap();
        Self {
            access,
            watch,
            area: area.to_owned(),
        }
    }

    /// The same beside one that is there already.
    pub(crate) async fn of_beside(office: &Arc<Office>, area: &str) -> Self {
        let watch = Watch::by_hand(office.clock());
        let access = Access::open(Arc::clone(office), watch.clone()).unwrap();
        Self {
            access,
            watch,
            area: area.to_owned(),
        }
    }

    /// An organisation of the place, beside the bureau.
    pub(crate) async fn add_office(&self, code: &str, name: &str) {
        let other = NewOffice {
            code: code.to_owned(),
            name: name.to_owned(),
            area: self.area.clone(),
            parent: None,
        };
        self.access.add_office(By::Machine, &other).await.unwrap();
    }

    /// An account with a role over a place, not signed in.
    pub(crate) async fn add(&self, login: &str, role: &str, area: &str) -> OneTimePassword {
        self.add_of("bureau", login, role, area).await
    }

    /// The same in an organisation.
    async fn add_of(&self, office: &str, login: &str, role: &str, area: &str) -> OneTimePassword {
        let new = NewAccount {
            login: login.to_owned(),
            name: format!("{login}的姓名"),
            organisation: office.to_owned(),
        };
        let password = self.access.add_account(By::Machine, &new).await.unwrap();
        self.give(login, role, area).await;
        password
    }

    pub(crate) async fn give(&self, login: &str, role: &str, area: &str) {
        let given = self
            .access
            .grant(By::Machine, login, role, area, None, "测试");
        given.await.unwrap();
    }

    /// A new account, signed in through every step that is asked.
    pub(crate) async fn enter(&self, login: &str, role: &str, area: &str) -> Signed {
        self.enter_of("bureau", (login, role), area).await
    }

    /// The same in an organisation.
    pub(crate) async fn enter_of(
        &self,
        office: &str,
        (login, role): (&str, &str),
        area: &str,
    ) -> Signed {
        let password = self.add_of(office, login, role, area).await;
        let begun = self
            .access
            .sign_in(login, password.tell(), login, "test")
            .await;
        let mut secret = begun.unwrap().secret.text();
        let mut known = password.tell().to_owned();
        let mut phone = String::new();
        loop {
            let visitor = self.visitor(&secret).await.unwrap();
            let begun = match visitor.stage {
                Stage::Whole => {
                    return Signed {
                        who: visitor.acting,
                        secret,
                        word: visitor.form_word,
                    };
                }
                Stage::Password => {
                    let changed =
                        self.access
                            .change_password(&visitor, &known, NEW_PASSWORD, "test");
                    let begun = changed.await.unwrap();
                    NEW_PASSWORD.clone_into(&mut known);
                    begun
                }
                Stage::Enrol => {
                    let offered = self.access.offer_second_factor(&visitor).await.unwrap();
                    phone = offered.secret;
                    let code = code_at(&phone, self.watch.now()).unwrap();
                    self.access
                        .bind_second_factor(&visitor, &code, "test")
                        .await
                        .unwrap()
                }
                Stage::Code => {
                    let code = code_at(&phone, self.watch.now()).unwrap();
                    self.access
                        .show_code(&visitor, &code, login, "test")
                        .await
                        .unwrap()
                }
            };
            secret = begun.secret.text();
        }
    }

    /// The whole server, as these officials' browsers meet it.
    pub(crate) async fn router(&self, office: &Arc<Office>) -> Router {
        self.router_of(&Desk::open(Arc::clone(office)).await.unwrap())
    }

    /// The same where a test looks at the views as well.
    pub(crate) fn router_of(&self, views: &Arc<dyn Views>) -> Router {
        server::router(House {
            views: Arc::clone(views),
            access: Arc::clone(&self.access),
            front: None,
        })
    }

    pub(crate) async fn visitor(&self, secret: &str) -> Option<Visitor> {
        self.access.visitor(secret).await.unwrap()
    }
}

/// Somebody who sees every page of a place.
pub(crate) async fn reviewer(office: &Arc<Office>, area: &str) -> (Staff, Signed) {
    let staff = Staff::of(office, area).await;
    let signed = staff.enter("chen", "县级审核", area).await;
    (staff, signed)
}

impl Staff {
    /// The same for somebody who sees the machine.
    pub(crate) async fn admin(&self) -> Signed {
        self.enter("admin", "系统管理员", &self.area).await
    }
}
