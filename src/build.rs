//! How the program is linked. A tick is start-up more than anything else, and of that the dynamic linker and the
//! first touch of each page do the most. All of this is for Linux with glibc alone; elsewhere the defaults stay.

use std::path::Path;
use std::process::Command;

/// The first glibc that knows packed relative relocations, DT_RELR (its release notes).
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if set("CARGO_CFG_TARGET_OS") != "linux" || set("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    // The unwinder is small, and a shared library less to find, map and search.
    if said("cc", "-print-file-name=libgcc_eh.a").is_some_and(|path| path.starts_with('/')) {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    // Relocations take a sixtieth of the space, and as much less of the time. The linker would make them for an
    // older glibc too, which cannot start what has them.
    if set("HOST") == set("TARGET") && glibc() >= Some(PACKED_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    put_first("src/order.ld");
}

/// Puts the functions that a tick runs side by side, as a linker script names them: spread over the program they are
/// in twice as many of the windows of 64 KiB that the kernel maps at a time, each a fault at every start. Not every
/// linker knows such a script, so it is tried on a program that does nothing.
fn put_first(script: &str) {
    println!("cargo::rerun-if-changed={script}");
    if set("PROFILE") != "release" {
        return;
    }
    // From where the build's own results are: Cargo takes what a build script said to another checkout that shares them
    // or gets a copy, and puts right what it said of this folder alone.
    let copy = Path::new(&set("OUT_DIR")).join("order.ld");
    let argument = format!("-Wl,-T,{}", copy.display());
    if std::fs::copy(script, &copy).is_ok() && links_with(&argument) {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

/// Whether a program can be linked with an argument more, as this one will be.
fn links_with(argument: &str) -> bool {
    let out = Path::new(&set("OUT_DIR")).join("nothing");
    let (source, flags, linker) = (
        out.with_extension("rs"),
        set("CARGO_ENCODED_RUSTFLAGS"),
        set("RUSTC_LINKER"),
    );
    let mut rustc = Command::new(set("RUSTC"));
    rustc.args(["--target", &set("TARGET"), "-C"]);
    rustc.arg(format!("link-arg={argument}"));
    rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    if !linker.is_empty() {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    rustc.arg("-o").arg(&out).arg(&source);
    std::fs::write(&source, "fn main() {}").is_ok()
        && rustc.output().is_ok_and(|done| done.status.success())
}

/// What Cargo says about this build; empty: nothing.
fn set(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
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
