#!/usr/bin/env python3
"""The HTML report in a browser, with real clicks and keys: page.py NTLAB SAMPLES BUGS [PICTURES].

Skipped where there is no Chromium. PICTURES: a folder for screenshots, to be looked at.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)
        print("page:", text)


def make(ntlab, *words, status):
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run([ntlab, *words], capture_output=True, text=True, errors="replace", cwd=source, timeout=300, stdin=subprocess.DEVNULL)
    check(done.returncode == status, f"{' '.join(words)}: status {done.returncode}\n{done.stderr[-1500:]}")


def finding(page, path, picture):
    """A finding of a search, as somebody reads it who did not run it."""
    page.open("file://" + path)
    check(page.evaluate("document.querySelectorAll('#tabs button').length") >= 2, "a button for each finding")
    check("crash was asked for" in page.evaluate("document.getElementById('message').textContent"), "the first error is shown first")
    check(page.evaluate("document.getElementById('badge').textContent") == "MANUALLY_INITIATED_CRASH", "its rule")
    steps = page.evaluate("ntlab.run.story.length")
    check(steps >= 5 and page.evaluate("document.querySelectorAll('#story tr.step').length") == steps, f"{steps} steps of the story")
    check(page.evaluate("document.querySelectorAll('#story td.held').length") >= 2, "who is held up is said")
    check("Hold thread" in page.evaluate("document.getElementById('confirm').textContent"), "how to see it on Windows")
    picture("finding")
    # A row of the story, clicked: its event, its line.
    page.click_on("#story tr.step:nth-of-type(2)")
    wanted = page.evaluate("+document.querySelector('#story tr.step:nth-of-type(2)').dataset.event")
    check(page.evaluate("ntlab.selected") == wanted, "a click on a step of the story chooses its event")
    check("driver.c:" in page.evaluate("document.getElementById('details').textContent"), "its source is named")
    check(page.evaluate("document.querySelectorAll('#source .here').length") == 1, "its line is marked in the excerpt")
    # An event of the canvas, clicked.
    last = page.evaluate("ntlab.run.story[ntlab.run.story.length - 1].e")
    point = page.evaluate(f"(() => {{ document.getElementById('view').scrollIntoView({{block: 'center'}}); return ntlab.point({last}); }})()")
    page.click(point["x"], point["y"])
    check(page.evaluate("ntlab.selected") == last, f"a click in the timeline chooses event {last}, not {page.evaluate('ntlab.selected')}")
    check(page.evaluate("document.querySelector('#story tr.on').dataset.event") == str(last), "and the story shows where that is")
    # Keys.
    page.key("ArrowLeft")
    check(page.evaluate("ntlab.selected") == last - 1, "arrow left")
    page.key("ArrowRight")
    check(page.evaluate("ntlab.selected") == last, "arrow right")
    page.key("p")
    check(page.evaluate("ntlab.selected") < last and page.evaluate("ntlab.run.matters.includes(ntlab.selected)"), "p: the step before that matters")
    page.key("?")
    check(page.evaluate("document.getElementById('keys').open"), "? shows the keys")
    page.key("Escape")
    page.click_on("#keys button") if page.evaluate("document.getElementById('keys').open") else None
    check(not page.evaluate("document.getElementById('keys').open"), "and it closes")
    # Search.
    page.key("/")
    page.type("StoppingFlag")
    matches = page.evaluate("ntlab.matches.length")
    check(matches > 0 and f"{matches} events" in page.evaluate("document.getElementById('found').textContent"), "search finds an object")
    page.key("Enter")
    check(page.evaluate("ntlab.matches.includes(ntlab.selected)"), "Enter goes to a match")
    page.key("Escape")
    check(page.evaluate("ntlab.matches.length") == 0, "Escape forgets the search")
    # The race beside it.
    page.click_on("#tabs button:last-child")
    check(page.evaluate("ntlab.run.kind") == "race" and page.evaluate("ntlab.run.severity") == "warning", "the other finding")
    page.click_on("#textbox summary")
    check("race" in page.evaluate("document.getElementById('text').textContent"), "the whole report")
    picture("race")
    check(page.errors() == [], f"errors {page.errors()}")


def locks(page, path, picture):
    """A deadlock: regions and locks as bars."""
    page.open("file://" + path)
    check(page.evaluate("ntlab.run.kind") == "deadlock", "a deadlock")
    bars = page.evaluate("ntlab.run.lanes.flatMap((l) => (l.bars || []).map((b) => [b.kind, b.to >= ntlab.run.count]))")
    check(sum(kind == 2 and last for kind, last in bars) == 2, f"two locks are held to the end: {bars}")
    check(any(kind == 0 for kind, _ in bars), "a critical region is a bar")
    check(page.evaluate("document.querySelector('#where .here').textContent").count("ExAcquireResource") == 1, "the line where one of them waits")
    check(page.evaluate("document.getElementById('textbox').open") and "WAIT_CHAIN" in page.evaluate("document.getElementById('text').textContent"), "who waits for whom")
    check("resource" in page.evaluate("document.getElementById('confirm').textContent"), "how to see it on Windows")
    check(not page.evaluate("ntlab.run.agents[ntlab.run.ev.a[ntlab.selected]].n").startswith("idle"), "an event of a thread is chosen")
    picture("deadlock")
    check(page.errors() == [], f"errors {page.errors()}")


def crash(page, path, picture):
    """A crash of a plain run: its line, without a click."""
    page.open("file://" + path)
    check("Fields->Third" in page.evaluate("document.querySelector('#where .here').textContent"), "the line of the crash")
    check("faulty.c:" in page.evaluate("document.getElementById('details').textContent"), "the exception is chosen, and has its line")
    check("!analyze -v" in page.evaluate("document.getElementById('confirm').textContent"), "how to see it on Windows")
    check(page.evaluate("document.getElementById('summary').textContent") == "", "nothing is said twice")
    picture("crash")
    check(page.errors() == [], f"errors {page.errors()}")


def table(page, path, picture):
    """What `check` has tried."""
    page.open("file://" + path)
    check(not page.evaluate("document.getElementById('tablebox').open"), "the table is closed")
    page.click_on("#tablebox summary")
    check(page.evaluate("document.getElementById('tablebox').open") and "rules of family apc" in page.evaluate("document.getElementById('table').textContent"), "a click opens it")
    check("ExAcquireResourceExclusiveLite" in page.evaluate("document.querySelector('#where .here').textContent"), "the line that breaks the rule")
    picture("check")
    check(page.errors() == [], f"errors {page.errors()}")


def large(page, path, picture):
    """100,000 events and more."""
    size = os.path.getsize(path)
    seconds = page.open("file://" + path)
    count = page.evaluate("ntlab.run.count")
    print(f"page: {count} events, {size / 1e6:.1f} MB, opened in {seconds:.2f} s")
    check(count >= 100000, f"only {count} events")
    check(size * 100000 / count < 10e6, f"{size} bytes for {count} events")
    check(seconds * 100000 / count < 2, f"{seconds} s for {count} events")
    check(page.evaluate("ntlab.view.to - ntlab.view.from") == count, "all of it is shown")
    box = page.evaluate("(() => { const v = document.getElementById('view'); v.scrollIntoView({block: 'center'}); const b = v.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()")
    x, y = box[0] + box[2] * 0.6, box[1] + 12
    for _ in range(12):
        page.wheel(x, y, -240)
    span = page.evaluate("ntlab.view.to - ntlab.view.from")
    check(span < count / 100, f"the wheel zooms: {span}")
    middle = page.evaluate("(ntlab.view.to + ntlab.view.from) / 2")
    check(abs(middle / count - 0.5) < 0.1, f"at the pointer: {middle}")
    before = page.evaluate("ntlab.view.from")
    page.drag(x, y + 60, x - 200, y + 60)
    check(page.evaluate("ntlab.view.from") > before, "dragging moves")
    strip = page.evaluate("(() => { const b = document.getElementById('map').getBoundingClientRect(); return [b.left + b.width * 0.9, b.top + 10]; })()")
    page.click(*strip)
    check(abs(page.evaluate("(ntlab.view.to + ntlab.view.from) / 2") / count - 0.9) < 0.02, "a click in the strip goes there")
    frame = page.evaluate("new Promise((done) => { document.getElementById('fit').click(); const t = performance.now();"
                          " requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - t))); })")
    check(frame < 2000, f"a frame of everything takes {frame} ms")
    page.click_on("#find")
    page.type("IRP_MJ_")
    picture("large")
    check(page.errors() == [], f"errors {page.errors()}")


def main():
    ntlab, samples, bugs = (os.path.abspath(p) for p in sys.argv[1:4])
    pictures = sys.argv[4] if len(sys.argv) > 4 else None
    if browser.find() is None:
        print("no Chromium: `apt-get install chromium`, or WITH_BROWSER=1 tools/install-deps.sh")
        return 77
    with tempfile.TemporaryDirectory() as where:
        make(ntlab, "explore", "--granularity", "memory", "--keep-going", "--budget", "300runs", "--html", where + "/a.html", "--out", where + "/out",
             samples + "/bluetooth/bluetooth.sys", status=1)
        make(ntlab, "run", "--html", where + "/b.html", os.path.join(os.path.dirname(bugs), "cli", "faulty-resource.sys"), status=1)
        make(ntlab, "run", "--html", where + "/c.html", samples + "/transfer/transfer.sys", "--", samples + "/transfer/transfer.exe", status=0)
        make(ntlab, "run", "--html", where + "/d.html", os.path.join(os.path.dirname(bugs), "cli", "faulty-null.sys"), status=1)
        make(ntlab, "check", "--budget", "4runs", "--html", where + "/e.html", bugs + "/bug-resource-apcs.sys", status=1)
        try:
            page = browser.Browser().__enter__()
        except (OSError, TimeoutError, RuntimeError) as error:
            print(f"Chromium does not start here: {error}")
            return 77

        def picture(name):
            if pictures:
                page.picture(os.path.join(pictures, name + ".png"))

        try:
            finding(page, where + "/a.html", picture)
            locks(page, where + "/b.html", picture)
            large(page, where + "/c.html", picture)
            crash(page, where + "/d.html", picture)
            table(page, where + "/e.html", picture)
        finally:
            page.__exit__()
    print(f"page: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
