"""Tries what a user may do on the broker machine: every file that is not for everybody, every address, every process.

    try-access list SERVICE...      as root: prints what there is to try, as JSON. SERVICE: NAME=PID of a running one.
    try-access try <LIST            as anybody: prints what succeeded, {what: verbs}

Verbs: r read, w write (in a folder: make a file), l lock, c connect, s signal. Nothing that is tried changes anything.
"""

import fcntl
import json
import os
import socket
import stat
import struct
import sys

ROOTS = ["/etc", "/run", "/var/lib", "/var/log", "/var/spool", "/opt", "/root", "/home", "/srv"]
# The container's own; what packages bring.
LEFT_OUT = ("/run/host", "/run/table", "/var/lib/dpkg", "/var/lib/apt", "/run/systemd/inaccessible", "/srv/stable-security")
# What the platform's services write: everything in there is tried.
OURS = ("/run/mqtt-saas", "/run/registry-sync", "/var/lib/mosquitto")
OF_A_PROCESS = ["environ", "mem", "root/run/mqtt-saas", "cwd"]


def found() -> list[str]:
    paths = []
    for root in ROOTS:
        for folder, folders, files in os.walk(root):
            if folder.startswith(LEFT_OUT):
                folders.clear()
                continue
            paths += [folder, *(os.path.join(folder, name) for name in files)]
    # A unit of certbot's shows its folder there.
    return sorted({"/var/lib/letsencrypt", *filter(worth_trying, paths)})


def worth_trying(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        # A link to nowhere.
        return path.startswith(OURS)
    mode = status.st_mode
    # /dev/null, which masked units are links to.
    if stat.S_ISCHR(mode):
        return False
    # What all may read and only root may write needs no try.
    is_roots = status.st_uid == 0 and not mode & 0o022
    return path.startswith(OURS) or not mode & stat.S_IROTH or not is_roots or stat.S_ISSOCK(mode)


def try_path(path: str) -> str:
    verbs = ""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        kind = 0
    if stat.S_ISSOCK(kind):
        return "c" if connects_to_socket(path) else ""
    is_for_all = bool(kind & stat.S_IROTH) and not path.startswith(OURS)
    if stat.S_ISDIR(kind):
        # A file without a name is gone when it is closed.
        ways = {"r": os.O_RDONLY | os.O_DIRECTORY, "w": os.O_WRONLY | os.O_TMPFILE}
    else:
        ways = {"r": os.O_RDONLY | os.O_NONBLOCK, "w": os.O_WRONLY | os.O_NONBLOCK}
    if is_for_all:
        del ways["r"]
    for verb, flags in ways.items():
        try:
            descriptor = os.open(path, flags)
        except OSError:
            continue
        verbs += verb
        if verb == "r" and path.startswith(OURS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                verbs += "l"
            except BlockingIOError:
                # Held by another: this user could hold it, too.
                verbs += "l"
            except OSError:
                pass
        os.close(descriptor)
    return verbs


def connects_to_socket(path: str) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(2)
                connection.connect(path)
            return True
        except OSError:
            continue
    return False


def connects(protocol: str, host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as connection:
            connection.settimeout(2)
            connection.connect((host, port))
            if protocol == "udp":
                # A DNS question: A of db.example.test.
                name = b"".join(bytes([len(part)]) + part for part in (b"db", b"example", b"test")) + b"\0"
                connection.send(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1))
                connection.recv(512)
        return True
    except OSError:
        return False


def signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def list_all(services: list[str]) -> None:
    pids = {name: int(pid) for name, pid in (service.split("=") for service in services)}
    print(json.dumps({"paths": found(), "pids": pids, "addresses": json.load(sys.stdin)}))


def try_all() -> None:
    wanted = json.load(sys.stdin)
    done = {path: try_path(path) for path in wanted["paths"]}
    for name, pid in wanted["pids"].items():
        for file in OF_A_PROCESS:
            done[f"process {name}/{file}"] = try_path(f"/proc/{pid}/{file}")
        done[f"process {name}"] = "s" if signals(pid) else ""
    for name, (protocol, host, port) in wanted["addresses"].items():
        done[name] = "c" if connects(protocol, host, port) else ""
    json.dump({what: verbs for what, verbs in done.items() if verbs}, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1:2] == ["list"]:
        list_all(sys.argv[2:])
    else:
        try_all()
