//! What is proposed and not signed yet, for whoever wants to try it first.

use super::versions::{ChangeError, Changing, VERSIONS_SHOWN, stale, texts_of, version};
use crate::error::Result;
use crate::office::Office;
use rules::SourceText;
use store::rulebooks::{self, VersionState};

/// The versions that are proposed and not signed yet, newest first: number and why.
pub(crate) async fn open_versions(office: &Office) -> Result<Vec<(i64, String)>> {
    let all = rulebooks::list(&office.store, VERSIONS_SHOWN).await?;
    let open = all.into_iter().map(|version| version.content);
    let open = open.filter(|one| matches!(one.state, VersionState::Draft | VersionState::Waiting));
    Ok(open.map(|one| (one.no, one.because)).collect())
}

/// The texts a proposed version has otherwise than the rules in force.
///
/// # Errors
/// No such version, it was made from other rules, it takes a file away, or its texts were changed.
pub(crate) async fn otherwise(office: &Office, no: i64) -> Changing<Vec<SourceText>> {
    let found = version(office, no).await?;
    if let Some(said) = stale(office, &found) {
        return Err(ChangeError::Refused(said));
    }
    let texts = texts_of(&office.store, &office.folder(), &found).await?;
    let now = office.book().texts();
    let gone = now
        .keys()
        .find(|path| texts.iter().all(|one| one.path != **path));
    if let Some(path) = gone {
        let said = format!("第 {no} 版删了 {path};试算只试换上和新加的文件,请看这一版的影响预览");
        return Err(ChangeError::Refused(said));
    }
    let other = texts
        .into_iter()
        .filter(|one| now.get(&one.path) != Some(&one.text));
    Ok(other.collect())
}
