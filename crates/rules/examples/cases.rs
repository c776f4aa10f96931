//! Runs the cases of a rulebook folder: `cargo run -p rules --example cases -- rulebook demo`.

#[path = "check.rs"]
#[expect(dead_code, reason = "only the reader of the folder is used")]
mod check;

fn main() -> std::io::Result<()> {
    let root = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "rulebook".to_owned());
    let place = std::env::args().nth(2).unwrap_or_else(|| "demo".to_owned());
    let verbose = std::env::args().nth(3).is_some();
    let book = rules::Rulebook::read(check::read(&root)?);
    let results = rules::cases::run_all(&book, &place);
    let failed: Vec<_> = results.iter().filter(|r| !r.passed()).collect();
    for case in &failed {
        println!(
            "{} 「{}」 {}: {}",
            case.path,
            case.heading,
            case.name,
            case.failures.join(" | ")
        );
        if verbose {
            println!("{}", case.explanation);
        }
    }
    println!("{} cases, {} failed", results.len(), failed.len());
    Ok(())
}
