//! Writing one key into the configuration file of a user, whose every other byte is left as it is.

use std::path::Path;

use anyhow::{Context, Result};

use crate::exit::Failure;
use crate::fsx;

use super::load::{load, locate};
use super::paths::expand;

/// Makes an installation of Hermes the one whose boards are boards here. `false`: it was already.
pub fn adopt_hermes(dir: &Path, explicit: Option<&Path>) -> Result<bool> {
    let env = |name: &str| std::env::var_os(name);
    let dir = std::path::absolute(expand(dir, &env)?)?;
    let shown = dir
        .to_str()
        .ok_or_else(|| Failure::usage(format!("{} is not UTF-8", dir.display())))?;
    if !dir.is_dir() {
        return Err(Failure::not_found(format!("there is no folder {shown}"))
            .hint("name the folder that holds kanban.db, such as ~/.hermes")
            .into());
    }
    // The home of a profile belongs to the installation above it.
    let root = dir
        .parent()
        .filter(|parent| parent.ends_with("profiles"))
        .and_then(Path::parent);
    if let Some(root) = root {
        return adopt_hermes(root, explicit);
    }
    let config = load(explicit)?;
    if let Some(hermes) = &config.hermes {
        if hermes.root == dir {
            return Ok(false);
        }
        return Err(
            Failure::refused(format!("hermes_home is {} already", hermes.root.display()))
                .hint("change it in the configuration file by hand")
                .into(),
        );
    }
    let source = locate(explicit)?;
    let before = match source.found {
        true => std::fs::read_to_string(&source.path)
            .with_context(|| format!("cannot read {}", source.path.display()))?,
        false => String::new(),
    };
    let key = toml::Value::String(shown.to_owned());
    // A key of the root has to stand before the first table.
    let after = format!("hermes_home = {key}\n\n{before}");
    if let Some(folder) = source.path.parent() {
        fsx::private_dir(folder)?;
    }
    fsx::replace(&source.path, after.as_bytes())
        .with_context(|| format!("cannot write {}", source.path.display()))?;
    Ok(true)
}
