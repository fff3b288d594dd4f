//! Which str0m it is, for the hello line: cargo tells nobody the versions of dependencies.

fn main() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    let version = lock.split("name = \"str0m\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    println!("cargo:rustc-env=STR0M_VERSION={}", version.expect("str0m's version"));
    println!("cargo:rerun-if-changed=Cargo.lock");
}
