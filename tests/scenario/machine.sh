#!/bin/bash
# A machine to install things on, which goes away with the last process of it: this system's root under an overlay
# that lives in memory, in namespaces of its own. As root.
#   machine.sh FOLDER systemd    boots systemd there
#   machine.sh FOLDER plain      a first process that only waits
# FOLDER must be there; run this in a mount namespace of its own (unshare --mount).
set -euo pipefail
folder=$1 what=$2

if [[ ${3:-} != inside ]]; then
    group=
    if [[ $what == systemd ]]; then
        # A control group of its own, below the one that this runs in.
        mkdir "$folder/cgroup"
        mount -t cgroup2 cgroup2 "$folder/cgroup"
        group=$folder/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/bt2c-machine-$$
        mkdir "$group"
    fi
    (
        if [[ $group ]]; then echo "$BASHPID" >"$group/cgroup.procs"; fi
        exec setpriv --pdeathsig KILL unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child \
            "$0" "$folder" "$what" inside
    ) &
    trap 'kill -KILL $!' TERM
    wait $! || true  # a signal ends this
    wait $! || true
    # The last of its processes may still be on their way out.
    for ((try = 0; try < 100; ++try)); do
        if [[ -z $group ]] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; then exit; fi
        sleep 0.05
    done
    echo "$group is left" >&2
    exit 1
fi

mount --make-rprivate /
mount -t tmpfs -o mode=755,size=3G machine "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" machine "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
if [[ $what == systemd ]]; then mount -t cgroup2 cgroup2 sys/fs/cgroup; fi
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs shm dev/shm
mount -t tmpfs -o mode=755 run run
mount -t tmpfs tmp tmp
echo machine >/proc/sys/kernel/hostname
# Containers forbid services to start here; on this machine they may.
rm -f usr/sbin/policy-rc.d
# Nor is the manual's index made anew each time.
rm -f var/lib/man-db/auto-update
# Nothing but what is being tried, whatever is enabled on this system.
cat >etc/systemd/system/machine.target <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
UNIT
mkdir old
pivot_root . old
umount -l /old
rmdir /old
touch /run/machine
if [[ $what == systemd ]]; then
    exec env -i container=bt2c PATH="$PATH" /lib/systemd/systemd --system --unit=machine.target --show-status=no
fi
exec sleep infinity
