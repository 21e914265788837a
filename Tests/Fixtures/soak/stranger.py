"""Looks at a soak from outside: at /proc, at ports and at logs. It knows what is meant (a text file), nothing of swpm.

    stranger.py FOLDER      until SIGTERM; then a table, and exit code 1 if anything was not as it was meant

FOLDER has `meant` (a line for each app, `name=web wanted=2 port=3000 state=steady ...`, replaced as a whole before
anything is done and after it), `held/NAME-SLOT` (files that workers lock), `counts/` (how many lines each process
has written), `twice` (who found a lock taken) and `home` (of the supervisor). Times are those of CLOCK_MONOTONIC.
"""
import collections, glob, gzip, os, re, signal, socket, statistics, sys, threading, time

folder = sys.argv[1]
home = f"{folder}/home"
PATIENCE = 15  # seconds, after an instance was hurt, until all must be as before
LINGERING = 5  # seconds that a zombie, a second daemon or an orphan may be seen
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
violations = collections.OrderedDict()
lock = threading.Lock()


def complain(who, what):
    with lock:
        if (who, what) not in violations:
            print(f"{time.monotonic():.3f} {who}: {what}", file=sys.stderr, flush=True)
        violations[who, what] = violations.get((who, what), 0) + 1


def read(path, mode="r"):
    try:
        with open(path, mode) as file:
            return file.read()
    except (OSError, ValueError):
        return "" if mode == "r" else b""


def meant():
    """What is meant now: of each app, by its name; `swpm` is the supervisor itself."""
    found = {}
    for line in read(f"{folder}/meant").splitlines():
        one = dict(word.split("=", 1) for word in line.split())
        for key, value in one.items():
            if re.fullmatch(r"-?[0-9.]+|inf", value):
                one[key] = float(value)
        found[one["name"]] = one
    return found


# --- processes

Process = collections.namedtuple("Process", "id parent session state app words")
marks = {}


def look(pid):
    stat = read(f"/proc/{pid}/stat")
    if not stat:
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    key = (pid, fields[19])
    if key not in marks:
        entries = read(f"/proc/{pid}/environ", "rb").split(b"\0")
        app = next((e for e in entries if e.startswith(b"SOAK_APP=" + folder.encode() + b":")), None)
        words = [word.decode(errors="replace") for word in read(f"/proc/{pid}/cmdline", "rb").split(b"\0")]
        if app:
            app = app.decode().rsplit(":", 1)[1]
        elif f"SWPM_HOME={home}".encode() in entries and len(words) > 1 and words[1] in ("daemon", "keeper"):
            app = "swpm"
        # Between fork and exec it looks like its parent: what is nobody's is looked at again.
        found = (app, words)
        if app and app != "swpm":
            marks[key] = found
    else:
        found = marks[key]
    return Process(pid, int(fields[1]), int(fields[3]), fields[0], *found)


seen_since = {}


def lasts(what, now):
    """Whether this was so in every look for too long."""
    first, _ = seen_since.get(what, (now, now))
    seen_since[what] = (first, now)
    return now - first > LINGERING


def forget(now):
    for what in [what for what, (_, last) in seen_since.items() if last < now]:
        del seen_since[what]


def judge_app(one, mine, now):
    leaders = [p for p in mine if p.session == p.id and p.state != "Z"]
    name, wanted, count = one["name"], int(one["wanted"]), len(leaders)
    if one["kind"] == "shell":
        judge_rotated(one)
    if one["state"] == "busy":
        if count > 2 * int(one["most"]) + 2:
            complain(name, f"{count} processes while something is done to {int(one['most'])}")
        return
    if one["state"] == "stopped":
        if [p for p in mine if p.state != "Z"]:
            complain(name, f"is stopped, and runs: {[(p.id, p.words[:2]) for p in mine]}")
        return
    hurt = one["hurt_to"] + PATIENCE > now
    if count > wanted or (count < wanted and not hurt):
        complain(name, f"{count} processes, not {wanted}: {[p.id for p in leaders]}")
    if hurt:
        return
    for process in mine:
        if process.session not in [p.id for p in leaders] and lasts(("orphan", process.id), now):
            complain(name, f"was left behind: {process.id} {process.words[:2]}")
    if one["kind"] == "shell" and count == wanted:
        judge_locks(name, wanted, leaders)


def judge_locks(name, wanted, leaders):
    held = collections.Counter()
    locked = {line.split()[5].rsplit(":", 1)[1] for line in read("/proc/locks").splitlines() if "FLOCK" in line and "->" not in line}
    for process in leaders:
        try:
            held[os.readlink(f"/proc/{process.id}/fd/9")] += 1
        except OSError:
            return  # It has only just begun, or ends.
    for slot in range(wanted):
        path = f"{folder}/held/{name}-{slot}"
        if held[path] != 1 or str(os.stat(path).st_ino) not in locked:
            complain(name, f"slot {slot} is held {held[path]} times, not once")


def judge_own(everybody, plan, now):
    own = [p for p in everybody if p.app == "swpm" and p.state != "Z"]
    for part in ("daemon", "keeper"):
        those = [p.id for p in own if p.words[1] == part]
        if len(those) > 1 and lasts((part, tuple(those)), now):
            complain("swpm", f"{len(those)} of {part}: {those}")
        if not those and plan["swpm"]["state"] == "up" and lasts((part, "none"), now):
            complain("swpm", f"no {part}")
        if len(those) == 1:
            remember(part, those[0], now)
    ids = {p.id for p in own}
    for process in everybody:
        if process.state == "Z" and process.parent in ids and lasts(("zombie", process.id), now):
            complain("swpm", f"keeps the zombie {process.id}")


def look_around():
    before, now = meant(), time.monotonic()
    everybody = [p for p in (look(int(n)) for n in os.listdir("/proc") if n.isdigit()) if p]
    after = meant()
    for name, one in after.items():
        # What changed meanwhile cannot be judged.
        if name != "swpm" and before.get(name) == one:
            judge_app(one, [p for p in everybody if p.app == name], now)
            looks[one["kind"]] += 1
    judge_own(everybody, after, now)
    forget(now)
    if os.path.exists(f"{folder}/twice"):
        complain("shell", "two held one lock: " + read(f"{folder}/twice"))


# --- memory

memory = collections.defaultdict(list)
looks = collections.Counter()


def remember(part, pid, now):
    resident = re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{pid}/status"))
    private = re.findall(r"Private_\w+:\s+(\d+) kB", read(f"/proc/{pid}/smaps_rollup"))
    if resident and private:
        memory[part, "resident"].append((now, int(resident[1])))
        memory[part, "private"].append((now, sum(map(int, private))))


def judge_memory(began, rows):
    length = time.monotonic() - began
    for (part, kind), samples in sorted(memory.items()):
        quarters = [[kb for at, kb in samples if q <= (at - began) / length * 4 < q + 1] for q in range(4)]
        second, last = (int(statistics.median(quarters[q] or [0])) for q in (1, 3))
        most = max(kb for _, kb in samples)
        rows.append(f"{part}, {kind} memory: {second} kB in the second quarter, {last} kB in the last, {most} kB at most")
        # A minute is not enough to tell growth from the beginning of a life.
        if length > 120 and last > second * 1.15 + 512:
            complain(part, f"{kind} memory grew from {second} to {last} kB")


# --- ports

Tally = collections.namedtuple("Tally", "asked forgiven longest")
tallies = collections.defaultdict(lambda: [0, 0, 0.0])


def ask(port):
    """None where all is well, else what is not; and whether it is about the connection itself."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), 20)
    except OSError as error:
        return f"cannot connect: {error}", True
    try:
        with connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := connection.recv(65536):
                answer += more
        if answer.startswith(b"HTTP/1.1 200") or answer.startswith(b"HTTP/1.0 200"):
            return None, False
        return f"answered {answer[:40]!r}", False
    except OSError as error:
        return f"no answer: {error}", False


def visit(name):
    while not ended.wait(0.15):
        one = meant().get(name)
        if not one or one["serves"] != "yes":
            continue
        began = time.monotonic()
        wrong, refused = ask(int(one["port"]))
        now, later = time.monotonic(), meant().get(name, one)
        tally = tallies[one["kind"]]
        with lock:
            tally[0] += 1
            tally[2] = max(tally[2], now - began)
        # It was meant to serve all the while; and what a killed process was doing is lost with it.
        if not wrong or later["serves"] != "yes" or later["serves_since"] > began:
            continue
        if not refused and began < later["hurt_to"] + 0.5 and now > later["hurt_from"]:
            with lock:
                tally[1] += 1
            continue
        complain(name, f"{wrong} (from {began:.3f} to {now:.3f})")


# --- logs

rotated_before = {}


def judge_rotated(one):
    """What was put aside stays, but for a flush."""
    paths = glob.glob(f"{home}/logs/{one['name']}-out-*.log.2*Z*")
    there = {re.sub(r"(?<=Z)\..*", "", path) for path in paths}
    gone = rotated_before.get(one["name"], set()) - there
    rotated_before[one["name"]] = there
    if gone and one["flushed"] != "yes":
        complain(one["name"], f"rotated logs are gone: {sorted(gone)[:3]} of {len(gone)}")


def lines_of(log):
    """All of a log, rotated files first; of one that is compressed and plain, the plain one."""
    rotated = {re.sub(r"\.gz$", "", path) for path in glob.glob(f"{log}.2*Z") + glob.glob(f"{log}.2*Z.gz")}
    for path in sorted(rotated) + [log]:
        if os.path.exists(path):
            yield from read(path, "rb").splitlines(keepends=True)
        elif os.path.exists(path + ".gz"):
            yield from gzip.open(path + ".gz").read().splitlines(keepends=True)


def judge_log(name, log, flushed, lacks):
    last = {}
    total = 0
    for line in lines_of(log):
        total += 1
        words = line.split()
        if len(words) != 4 or words[0] != b"line" or not line.endswith(b"x\n"):
            complain(name, f"a torn line in {log}: {line[:80]!r}")
            continue
        who, number = words[1].decode(), int(words[2])
        if who not in last and flushed:
            last[who] = number - 1
        if number != last.get(who, 0) + 1:
            complain(name, f"line {number} of {who} follows line {last.get(who, 0)} in {log}")
        last[who] = number
    for path in glob.glob(f"{folder}/counts/{name}-{log.rsplit('-', 1)[1][:-4]}-*"):
        who, written = path.rsplit("-", 1)[1], read(path).strip()
        if written and last.get(who, 0) < int(written) and not lacks and not (flushed and who not in last):
            complain(name, f"{who} wrote {written} lines, and {log} ends with {last.get(who, 0)}")
    return total


def main():
    began = time.monotonic()
    plan = meant()
    visitors = [threading.Thread(target=visit, args=[n], daemon=True) for n, o in plan.items() if o.get("port")]
    for visitor in visitors:
        visitor.start()
    while not ended.wait(0.5):
        look_around()
    for visitor in visitors:
        visitor.join(25)
    look_around()
    rows = []
    judge_memory(began, rows)
    plan = meant()
    for kind in sorted({one["kind"] for name, one in plan.items() if name != "swpm"}):
        asked, forgiven, longest = tallies[kind]
        rows.append(f"{kind}: {looks[kind]} looks, {asked} requests, {forgiven} lost with who was killed, "
                    f"longest {longest * 1000:.0f} ms")
    total = sum(
        judge_log(name, log, plan[name]["flushed"] == "yes", plan[name]["lacks"] == "yes")
        for name, one in plan.items() if name != "swpm" and one["kind"] == "shell"
        for log in sorted(glob.glob(f"{home}/logs/{name}-out-*.log")))
    rows.append(f"{total} numbered lines, each once and in order")
    rows += [f"VIOLATION {who}: {what} ({times}x)" for (who, what), times in violations.items()]
    print("\n".join(rows))
    sys.exit(1 if violations else 0)


main()
