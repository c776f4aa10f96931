//! Lays out a rulebook folder: `cargo run -p rules --example format -- rulebook [write]`.

#[path = "check.rs"]
#[expect(dead_code, reason = "only the reader of the folder is used")]
mod check;

fn main() -> std::io::Result<()> {
    let root = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "rulebook".to_owned());
    let write = std::env::args().nth(2).is_some();
    for source in check::read(&root)? {
        if !source.path.ends_with(".md") {
            continue;
        }
        match rules::format::format(&source.text) {
            Err(problems) => println!("{}: {} findings", source.path, problems.len()),
            Ok(laid_out) if laid_out == source.text => {}
            Ok(laid_out) => {
                println!("{}", source.path);
                if write {
                    std::fs::write(std::path::Path::new(&root).join(&source.path), laid_out)?;
                }
            }
        }
    }
    Ok(())
}
