//! A launchd agent that is one tick.
//!
//! launchd ends what is left of a job's process group when the job ends; `AbandonProcessGroup` says not to.

use super::{Job, Mark, Ticked};
use crate::exit::Failure;
use crate::time::Seconds;

/// launchd starts no job more often.
const SHORTEST: Seconds = 10;

/// The name of the agent.
pub fn label(ticked: &Ticked) -> String {
    ticked.named("org.kanban.tick", '.')
}

/// The line by which the file is known as ours.
pub fn seal(mark: &Mark) -> String {
    // Two dashes cannot stand in a comment of XML.
    format!("<!-- {} -->", mark.seal().replace("--", "-&#45;"))
}

/// The property list of the agent, which writes what goes wrong to the file `errors`.
pub fn agent(job: &Job, errors: &str) -> Result<String, Failure> {
    if job.every < SHORTEST {
        return Err(Failure::usage(format!(
            "launchd starts nothing more often than every {SHORTEST} seconds"
        ))
        .hint("--every 10s"));
    }
    let arguments: String = std::iter::once(job.program.as_str())
        .chain(job.arguments())
        .map(|word| format!("\t\t<string>{}</string>\n", escape(word)))
        .collect();
    let variables: String = job
        .environment
        .iter()
        .map(|(name, value)| {
            format!(
                "\t\t<key>{name}</key>\n\t\t<string>{}</string>\n",
                escape(value.as_str())
            )
        })
        .collect();
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
{seal}
<!-- Written by "kanban timer install"; "kanban timer remove" takes it away. -->
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>{label}</string>
	<key>ProgramArguments</key>
	<array>
{arguments}	</array>
	<key>EnvironmentVariables</key>
	<dict>
{variables}	</dict>
	<key>StartInterval</key>
	<integer>{every}</integer>
	<key>RunAtLoad</key>
	<true/>
	<!-- Workers live on when the tick that started them ends. -->
	<key>AbandonProcessGroup</key>
	<true/>
	<key>ProcessType</key>
	<string>Standard</string>
	<key>StandardErrorPath</key>
	<string>{errors}</string>
</dict>
</plist>
"#,
        seal = seal(&job.mark),
        label = label(&job.mark.ticked),
        every = job.every,
        errors = escape(errors),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::{Text, odd_job};
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_taken_as_it_is() {
        let text = agent(&odd_job(60), "/h/<log> & more").unwrap();
        for part in [
            "<string>org.kanban.tick.web-1</string>",
            "<string>/opt/q $x 50%/kanban</string>",
            "<string>/h/it's $HOME &amp; &lt;é&gt;.toml</string>",
            "<string>/usr/bin:/h/a b:/50%d:/$x:/\"q\":/界</string>",
            "<string>/h/&lt;log&gt; &amp; more</string>",
            "<key>AbandonProcessGroup</key>\n\t<true/>",
            "<key>StartInterval</key>\n\t<integer>60</integer>",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_home_with_dashes_makes_no_broken_comment() {
        let mut job = odd_job(60);
        job.mark.home = Text::new("", "/h/a---b").unwrap();
        let comment = seal(&job.mark);
        let inner = &comment[4..comment.len() - 3];
        assert!(!inner.contains("--"), "{comment}");
    }

    #[test]
    fn nothing_is_started_more_often_than_launchd_does() {
        assert!(agent(&odd_job(9), "/e").is_err());
        assert!(agent(&odd_job(10), "/e").is_ok());
    }
}
