#!/usr/bin/env python3
"""The Slurm job array of docs/scale.md, run for real by a Slurm of our own: check_slurm.py NTLAB FOLDER docs/scale.md

Starts munged, slurmctld and slurmd on ports of their own in a temporary folder. Debian's slurm-wlm is what
tools/install-deps.sh installs; where it cannot be had or cannot run the test is skipped, and that is counted.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77
started = []


def skip(why):
    print(f"skip: {why}")
    sys.exit(SKIP)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder, *words, env=None):
    log = open(f"{folder}/{os.path.basename(words[0])}.log", "w")
    process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=folder)
    started.append(process)
    return process


def main():
    ntlab, build, page = (os.path.abspath(p) for p in sys.argv[1:])
    tools = {name: shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") for name in ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")}
    absent = [name for name, path in tools.items() if path is None]
    if absent:
        skip(f"no {', '.join(absent)} here (tools/install-deps.sh installs slurm-wlm)")
    if os.getuid() != 0:
        skip("slurmd wants root")
    script = re.search(r"```sh\n(#!/bin/sh\n#SBATCH.*?)```", open(page).read(), re.S).group(1)
    folder = tempfile.mkdtemp(prefix="ntlab-slurm-")
    try:
        run(ntlab, build, folder, tools, script)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def run(ntlab, build, folder, tools, script):
    host = socket.gethostname().split(".")[0]
    os.chmod(folder, 0o755)
    for name in ("state", "spool", "munge", "work"):
        os.mkdir(f"{folder}/{name}", 0o755)
    with open(f"{folder}/munge/key", "wb") as key:
        key.write(os.urandom(128))
    os.chmod(f"{folder}/munge/key", 0o600)
    os.chmod(f"{folder}/munge", 0o711)
    start(folder, tools["munged"], "--foreground", "--force", f"--key-file={folder}/munge/key", f"--socket={folder}/munge/socket",
          f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed")
    conf = f"""ClusterName=ntlab
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
CredType=cred/munge
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.txt
SlurmdLogFile={folder}/slurmd.txt
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
    with open(f"{folder}/slurm.conf", "w") as out:
        out.write(conf.replace("CryptoType=crypto/munge\n", ""))
    env = {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf"}
    for name in list(env):
        if name.startswith(("SLURM_ARRAY", "JOB_COMPLETION")):
            del env[name]
    time.sleep(1)
    start(folder, tools["slurmctld"], "-D", "-f", f"{folder}/slurm.conf", env=env)
    time.sleep(1)
    start(folder, tools["slurmd"], "-D", "-f", f"{folder}/slurm.conf", "-N", host, env=env)
    state = ""
    for _ in range(120):
        state = subprocess.run([tools["sinfo"], "-h", "-o", "%t"], env=env, capture_output=True, text=True, timeout=60).stdout.strip()
        if state == "idle":
            break
        if any(p.poll() is not None for p in started):
            break
        time.sleep(0.5)
    if state != "idle":
        logs = "".join(f"{n}: {open(f'{folder}/{n}').read()[-400:]}\n" for n in ("slurmctld.txt", "slurmd.txt", "munged.log") if os.path.exists(f"{folder}/{n}"))
        print(logs)
        skip(f"Slurm does not come up here (node state `{state}`)")
    work = f"{folder}/work"
    with open(f"{work}/explore.sh", "w") as out:
        out.write(script)
    env.update(NTLAB=ntlab, DRIVER=f"{build}/explore-reorder3.sys")
    batch = subprocess.run([tools["sbatch"], "--wait", "explore.sh"], cwd=work, env=env, capture_output=True, text=True, timeout=600)
    merged = subprocess.run([ntlab, "merge", "results", "--json", "-"], cwd=work, capture_output=True, text=True)
    good = False
    try:
        search = json.loads(merged.stdout)["search"]
        good = (merged.returncode, search["outcome"], search["traces"], search["bad"], search["shards"], search["missing"]) == (1, "exhausted", 56, 12, 4, [])
    except (ValueError, KeyError):
        pass
    if not good:
        print(f"not ok sbatch: {batch.returncode} {batch.stdout} {batch.stderr}\nmerge: {merged.returncode} {merged.stdout} {merged.stderr}")
        for name in sorted(os.listdir(work)):
            if name.endswith(".log"):
                print(name, open(f"{work}/{name}").read()[-500:])
        sys.exit(1)
    print(f"a job array of {search['shards']} tasks: {search['traces']} traces, {search['bad']} bad, as known")


main()
