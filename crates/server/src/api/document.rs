//! The OpenAPI document, made from the operations themselves.

use serde_json::{Map, Value, json};

use super::operation::{Operation, Stands};
use super::problem::{PROBLEM_JSON, Problem};
use super::shape::{Schemas, Shape as _};
use crate::routes::Need;

const ABOUT: &str = "与页面同源的接口:同一批办公函数,同样的权限、辖区、遮盖和回避。姓名、证件号、卡号都遮盖;\
每次看一户、一件都先记入审计链。\n\n\
**登录。** 程序用接口令牌:`Authorization: Bearer …`。令牌由安全保密管理员用 `doudi token create` 发给接口账号,\
只显示一次,限定权限和地区,到期失效,收回后下一次请求就不能用。浏览器用网页登录的会话;会话改动内容时,\
还要带请求头 `X-Doudi-Form`(页面里的表单口令)。\n\n\
**错误。** 一律 `application/problem+json`(RFC 9457),`detail` 是经办人看得懂的话,`field` 指出哪一项。\
不在辖区的和不存在的答复相同(404)。名称或者取值不在本文档里的参数一律 400;来得太快 429,`Retry-After` 说等几秒。\n\n\
**时间。** 日子是北京时间的日期,时刻是 UTC。金额是元,两位小数的文字。";

/// The document of these operations.
pub(crate) fn document<'o>(operations: impl Iterator<Item = &'o Operation>) -> Value {
    let mut names = Schemas::default();
    // Named first, so that it is there whatever the operations give.
    let problem = Problem::schema(&mut names);
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let told = described(operation, &mut names);
        let entry = paths
            .entry(operation.path.to_owned())
            .or_insert_with(|| json!({}));
        if let Value::Object(methods) = entry {
            methods.insert(operation.method.to_ascii_lowercase(), told);
        }
    }
    let refusals: Map<String, Value> = REFUSALS
        .iter()
        .map(|(status, about)| (refusal_name(*status), refusal(*status, about, &problem)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doudi 兜底",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "接口令牌,64 位十六进制",
                },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "doudi_session",
                    "description": "网页登录的会话;对外提供时名为 __Host-doudi_session",
                },
            },
            "responses": refusals,
            "schemas": names.all(),
        },
    })
}

/// What each refusal means.
const REFUSALS: &[(u16, &str)] = &[
    (400, "参数不对,或者这样问答不了"),
    (401, "没有登录,或者令牌已经失效"),
    (403, "角色或令牌没有这项权限,或者应当回避"),
    (404, "没有这条记录,或者不在辖区"),
    (408, "正文交得太慢"),
    (409, "与记录现在的情况不合:已经有人办了,或者流程不允许"),
    (413, "正文太大"),
    (415, "正文不是 application/json"),
    (422, "正文要改;errors 逐项写明"),
    (429, "来得太快"),
    (503, "暂时不能用"),
];

fn refusal_name(status: u16) -> String {
    format!("refused{status}")
}

fn refusal(status: u16, about: &str, problem: &Value) -> Value {
    let mut told = json!({
        "description": about,
        "content": { PROBLEM_JSON: { "schema": problem } },
    });
    let head = match status {
        429 | 503 => ("Retry-After", "等几秒再来"),
        401 => ("WWW-Authenticate", "怎样登录"),
        _ => return told,
    };
    if let Value::Object(inner) = &mut told {
        let (name, said) = head;
        let header = json!({ name: { "description": said, "schema": { "type": "string" } } });
        inner.insert("headers".to_owned(), header);
    }
    told
}

fn described(operation: &Operation, names: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for (status, about, content) in operation.gives.map_or_else(Vec::new, |gives| gives(names)) {
        responses.insert(
            status.to_string(),
            json!({ "description": about, "content": content }),
        );
    }
    for status in operation.refusals() {
        let at = format!("#/components/responses/{}", refusal_name(status));
        responses.insert(status.to_string(), json!({ "$ref": at }));
    }
    let parameter = |asked: &super::operation::Asked| {
        let (stands, needed) = match asked.stands {
            Stands::Path => ("path", true),
            Stands::Query => ("query", false),
            Stands::Head => ("header", true),
        };
        let mut told = json!({
            "name": asked.name,
            "in": stands,
            "required": needed,
            "description": asked.about,
            "schema": asked.kind.schema(),
        });
        // What may be left out is shown without: many examples together would find nothing.
        let like = asked.like.map(|like| json!(like));
        let like = like.or_else(|| needed.then(|| asked.kind.example()).flatten());
        if let (Value::Object(inner), Some(like)) = (&mut told, like) {
            inner.insert("example".to_owned(), like);
        }
        told
    };
    let parameters: Vec<Value> = operation.asked.iter().map(parameter).collect();
    let mut told = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.about,
        "parameters": parameters,
        "responses": responses,
    });
    let Value::Object(inner) = &mut told else {
        return told;
    };
    if operation.need == Need::Nothing {
        inner.insert("security".to_owned(), json!([]));
    }
    if let Need::Right(right) = operation.need {
        inner.insert("x-right".to_owned(), json!(right.code()));
    }
    if let Some(takes) = operation.takes {
        let body = json!({
            "required": true,
            "content": { "application/json": { "schema": takes(names) } },
        });
        inner.insert("requestBody".to_owned(), body);
    }
    told
}
