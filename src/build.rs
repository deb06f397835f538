//! How the program is linked. A tick is start-up more than anything else, and of that the dynamic linker does the
//! most: these two halve its work. Both are for Linux with glibc alone; elsewhere the defaults stay.

use std::process::Command;

/// The first glibc that knows packed relative relocations, DT_RELR (its release notes).
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") != "linux" || target("ENV") != "gnu" {
        return;
    }
    // The unwinder is small, and a shared library less to find, map and search.
    if said("cc", "-print-file-name=libgcc_eh.a").is_some_and(|path| path.starts_with('/')) {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    // Relocations take a sixtieth of the space, and as much less of the time. The linker would make them for an
    // older glibc too, which cannot start what has them.
    if std::env::var("HOST") == std::env::var("TARGET") && glibc() >= Some(PACKED_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let said = said("getconf", "GNU_LIBC_VERSION")?;
    let (major, minor) = said.strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What a program answers, if it is there.
fn said(program: &str, argument: &str) -> Option<String> {
    let out = Command::new(program).arg(argument).output().ok()?;
    Some(String::from_utf8(out.stdout).ok()?.trim().to_owned())
}
