#!/usr/bin/env python3
"""What `make install` leaves runs by itself: install.py SOURCE BUILD.

It is copied to a folder that knows nothing of the build, and run with an empty environment by a user without rights
where there is one (root only): the samples, `check`, `doctor`.
"""
import json
import os
import subprocess
import sys
import tempfile

problems = []


def main():
    source, build = (os.path.abspath(p) for p in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as where:
        os.chmod(where, 0o755)
        root, work = where + "/opt/ntlab", where + "/work"
        os.mkdir(work)
        os.chmod(work, 0o777)
        subprocess.run([source + "/tools/install.sh", build, root], check=True, timeout=60)

        def nobody():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        try:  # is there such a user, and can it get here?
            can_drop = os.getuid() == 0 and subprocess.run([root + "/bin/ntlab", "--version"], preexec_fn=nobody, capture_output=True).returncode == 0
        except (OSError, subprocess.SubprocessError):
            can_drop = False

        def run(*words, status=0):
            def drop():
                if can_drop:
                    nobody()

            done = subprocess.run([root + "/bin/ntlab", *words], capture_output=True, text=True, errors="replace", cwd=work, env={}, timeout=200,
                                  stdin=subprocess.DEVNULL, preexec_fn=drop)
            if done.returncode != status:
                problems.append(f"{' '.join(words)}: status {done.returncode}\n{done.stdout[-500:]}{done.stderr[-1500:]}")
            return done

        run("run", root + "/share/ntlab/samples/transfer/transfer.sys", "--", root + "/share/ntlab/samples/transfer/transfer.exe")
        run("demo", "bluetooth")
        run("check", "--budget", "8runs", "--json", "c.json", root + "/share/ntlab/samples/producer-consumer/producer-consumer.sys")
        doctor = run("doctor", "--json")
        if (can_drop or os.getuid() != 0) and not json.loads(doctor.stdout)["unprivileged_container"]:
            problems.append("doctor: a user without rights cannot run it here, as this test just has")
        # The container of a CI system: a user namespace with one user, whose root has no rights outside.
        contained = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
        if subprocess.run(contained + ["true"], capture_output=True).returncode == 0:
            for words in (["doctor", "--json"], ["demo", "bluetooth"]):
                done = subprocess.run(contained + [root + "/bin/ntlab", *words], capture_output=True, text=True, errors="replace", cwd=work, timeout=200,
                                      stdin=subprocess.DEVNULL)
                if done.returncode != 0 or (words[0] == "doctor" and not json.loads(done.stdout)["unprivileged_container"]):
                    problems.append(f"in a user namespace: {' '.join(words)}: status {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
        else:
            print("install: no user namespaces here: that part was not tried")
        for name in ("bin/ntlab", "lib/ntlab/ntoskrnl.exe", "lib/ntlab/check/ntlabcheck.exe", "share/doc/ntlab/ci/README.md"):
            if not os.path.exists(f"{root}/{name}"):
                problems.append(f"{name} is missing")
    for problem in problems:
        print("install:", problem)
    print(f"install: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
