#!/bin/sh
# The machine's own cron, as an ordinary process in a private mount namespace: no crontab but the one made
# here is run, and no file outside the folder is changed. A minute of this cron takes a second; its jobs
# have the real time.
#
#   sh real-cron.sh FOLDER COMMAND...   COMMAND is run first, where it may use "crontab"; then this process
#                                       becomes cron. What cron would mail is kept in FOLDER/mail.
# Exit status 77: cannot be done here; standard error says why.
set -eu
D=$1; shift
no() { echo "$*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || no "only root can run a cron of its own"
[ -x /usr/sbin/cron ] && command -v crontab >/dev/null || no "there is no Debian cron"
for lib in /usr/lib/*/faketime/libfaketime.so.1; do [ -e "$lib" ] || no "there is no libfaketime"; done
unshare --mount true 2>/dev/null || no "no mount namespace can be made"
mkdir -p "$D/spool/crontabs" "$D/cron.d" "$D/run" "$D/mail"
chgrp crontab "$D/spool/crontabs" 2>/dev/null || no "there is no group crontab"
chmod 1730 "$D/spool/crontabs"
: >"$D/etc_crontab"
printf '#!/bin/sh\ncat >"%s/mail/$$"\n' "$D" >"$D/sendmail"
chmod 755 "$D/sendmail"
export D lib
exec unshare --mount --propagation private sh -c '
  set -eu
  mount --bind "$D/spool" /var/spool/cron
  mount --bind "$D/cron.d" /etc/cron.d
  mount --bind "$D/etc_crontab" /etc/crontab
  [ ! -e /usr/sbin/sendmail ] || mount --bind "$D/sendmail" /usr/sbin/sendmail
  mount --bind "$D/run" /run
  "$@"
  exec env LD_PRELOAD="$lib" FAKETIME="+0 x60" /usr/sbin/cron -f -L 15' sh "$@"
