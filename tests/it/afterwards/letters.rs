//! What the family is sent after the first decision, who may sign for it, and the decision computed again.

use super::*;
use office::casework::{SignedBy, capsule, letters};

impl Bench {
    /// A letter as the window prints it: reasons, article, remedy, and no gap.
    pub(super) async fn letter_says(&self, no: CaseNo, title: &str, says: &[&str]) {
        let letter = letters::letter(&self.office, &self.wang.who, no, title).await;
        let letter = letter.unwrap();
        assert!(letter.later && letter.title == title);
        assert!(!letter.text.contains("{{"), "{}", letter.text);
        for word in says.iter().chain(&["依据:", "12345"]) {
            assert!(letter.text.contains(word), "no {word}:\n{}", letter.text);
        }
        let file = after::after_file(&self.office, &self.wang.who, no)
            .await
            .unwrap();
        assert!(
            file.letters.iter().any(|one| one == title),
            "{:?}",
            file.letters
        );
        if let Ok(bytes) = letter.pdf().await {
            assert!(bytes.starts_with(b"%PDF-"));
        }
    }

    /// Nothing is printed of what was not told or signed yet.
    pub(super) async fn no_letter(&self, no: CaseNo, title: &str) {
        let letter = letters::letter(&self.office, &self.wang.who, no, title).await;
        let said = letter.unwrap_err().to_string();
        assert!(said.contains(title), "{said}");
        let file = after::after_file(&self.office, &self.wang.who, no)
            .await
            .unwrap();
        assert!(
            !file.letters.iter().any(|one| one == title),
            "{:?}",
            file.letters
        );
    }

    /// Every decision of a case comes out of what it kept byte for byte.
    pub(super) async fn replayed(&self, no: CaseNo) {
        let tx = self.office.begin().await.unwrap();
        let all = store::reviews::decisions(&tx, no).await.unwrap();
        drop(tx);
        assert!(!all.is_empty());
        for one in all {
            let again = capsule::replay_after(&self.office, one.no).await.unwrap();
            assert!(again.same && again.rules_same, "{:?}", again.differs);
            assert_eq!(again.case, no.get());
        }
    }

    /// Only people of the household, the recorded agent, or a form of the list with its reason may sign: a letter
    /// left with two witnesses is told so, and whoever is refused leaves it undelivered.
    pub(super) async fn left_with_witnesses(&self, no: CaseNo) {
        let file = after::after_file(&self.office, &self.wang.who, no)
            .await
            .unwrap();
        let offered: Vec<&str> = file
            .receivers
            .iter()
            .map(|one| one.value.as_str())
            .collect();
        assert!(
            offered.contains(&"本人") && offered.contains(&"留置送达"),
            "{offered:?}"
        );
        assert!(
            !offered.contains(&"代办人"),
            "nobody was recorded: {offered:?}"
        );
        let hand = async |way: DeliveryWay, who: &str, because: &str| {
            let by = SignedBy {
                who,
                because,
                witness: "li",
            };
            after::deliver(&self.office, &self.wang.who, no, (way, by)).await
        };
        let here = DeliveryWay::InPerson;
        refused(hand(here, "邻居", "").await, "请从名单里选谁签收:本人");
        refused(hand(here, "", "").await, "请从名单里选谁签收");
        refused(
            hand(here, "同住成年家属:999999", "").await,
            "不是这一户的人不能签收",
        );
        refused(hand(here, "代办人", "").await, "没有登记代办人");
        refused(
            hand(DeliveryWay::Public, "本人", "").await,
            "不用于公告送达",
        );
        refused(hand(here, "留置送达", " ").await, "要写明理由");
        let number = "拒收,电话 19900000002";
        refused(hand(here, "留置送达", number).await, "手机号");
        let why = "本人拒绝签收,同住家属也拒绝";
        // The applicant is grown up and nothing says that they could not act.
        assert!(!offered.contains(&"监护人"), "{offered:?}");
        refused(hand(here, "监护人", "他的哥哥").await, "不能由监护人签收");
        for (witness, says) in [
            ("", "要有见证人"),
            ("wang", "不能填您自己"),
            ("村干部两人", "不能见证"),
        ] {
            let by = SignedBy {
                who: "留置送达",
                because: why,
                witness,
            };
            let left = after::deliver(&self.office, &self.wang.who, no, (here, by)).await;
            refused(left, says);
        }
        hand(here, "留置送达", why).await.unwrap();
        let tx = self.office.begin().await.unwrap();
        let all = store::reviews::decisions(&tx, no).await.unwrap();
        let effect = all.last().unwrap().effect.as_ref().unwrap();
        assert_eq!(effect.receiver, format!("留置送达(见证 li):{why}"));
    }

    /// What must come back is told, heard, decided and handed over with its letter.
    pub(super) async fn asked_back(&self, no: CaseNo, (months, amount): (&str, Fen)) {
        self.done(&self.wang.who, no, "登记多领").await.unwrap();
        let words = "发放记录和停发决定逐月对过";
        let found = ("核实金额", words);
        self.found(&self.wang.who, no, found).await.unwrap();
        self.tell(no).await.unwrap();
        self.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
        let mut recover = ruling(AfterKind::Recover, "停发以后发出的一个月");
        recover.amount = Some(amount);
        self.sign(no, &recover).await.unwrap();
        let told = [
            format!("在 {months} 多领 {amount} 元"),
            "停发以后发出的一个月".to_owned(),
            "以前退回".to_owned(),
            "行政复议".to_owned(),
        ];
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        self.letter_says(no, "追回告知书", &told).await;
        self.deliver(no).await.unwrap();
        self.replayed(no).await;
    }
}
