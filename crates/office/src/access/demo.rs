//! 演示账号: accounts for every role, in a county whose people are all invented. Their passwords are
//! random and told once.

use super::{Access, AccessError, By, Done, NewAccount, NewOffice, OneTimePassword};

/// Tables of the place that name the organisations and accounts of its demo.
const OFFICES: &str = "organisations.csv";
const ACCOUNTS: &str = "accounts.csv";

/// An account of the demo.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Name of the account.
    pub login: String,
    /// Name of the role.
    pub role: String,
    /// For which place.
    pub area: String,
    /// The password, told once.
    pub password: OneTimePassword,
}

impl Access {
    /// Makes the organisations and accounts the place's demo tables name, and tells their passwords.
    /// Those that are there already keep their password and are left out.
    ///
    /// # Errors
    /// Real places are in the record, a table is wrong, or the record cannot be written.
    pub async fn make_demo_accounts(&self) -> Done<Vec<DemoAccount>> {
        if !self.is_demo().await? {
            let said = "只有演示数据(99 开头的地区)可以建演示账号";
            return Err(AccessError::Refused(said.to_owned()));
        }
        let by = By::Machine;
        let (known, offices) = self.accounts(by).await?;
        for row in self.table(OFFICES) {
            let [code, name, area, parent] = row;
            if offices.iter().any(|office| office.code == code) {
                continue;
            }
            let parent = Some(parent).filter(|code| !code.is_empty());
            let new = NewOffice {
                code,
                name,
                area,
                parent,
            };
            self.add_office(by, &new).await?;
        }
        let mut made = Vec::new();
        for [login, name, organisation, role, area] in self.table(ACCOUNTS) {
            let found = known.iter().find(|row| row.login == login);
            let password = match found {
                Some(_) => None,
                None => {
                    let new = NewAccount {
                        login: login.clone(),
                        name,
                        organisation,
                    };
                    Some(self.add_account(by, &new).await?)
                }
            };
            // Killed between the account and its role, the role is given the next time.
            if found.is_none_or(|row| row.roles.is_empty()) {
                self.grant(by, &login, &role, &area, None, "演示").await?;
            }
            if let Some(password) = password {
                made.push(DemoAccount {
                    login,
                    role,
                    area,
                    password,
                });
            }
        }
        Ok(made)
    }

    /// The rows of a table of the place, cut to so many columns.
    fn table<const N: usize>(&self, name: &str) -> Vec<[String; N]> {
        let path = self.office.book.path_in(&self.office.locality, name);
        let text = self.office.book.texts().get(&path);
        let lines = text.into_iter().flat_map(|text| text.lines()).skip(1);
        lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let mut cells = rules::params::split(line).into_iter();
                std::array::from_fn(|_| cells.next().unwrap_or_default().trim().to_owned())
            })
            .collect()
    }
}
