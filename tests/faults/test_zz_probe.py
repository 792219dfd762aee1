import os, time, json, subprocess, sys
from pathlib import Path
from typing import Any
import pytest
from django.db import connection
from huntaze.kernel import redis
from tests.faults.house import House, wait_for
from tests.faults.test_killed_sender import is_finished, queue, states

OUT = Path("/tmp/faults_probe"); OUT.mkdir(exist_ok=True)

@pytest.mark.parametrize("run", range(int(os.environ.get("PROBE_RUNS", "5"))))
def test_probe(run, platform, house: House, owner, fans):
    burn = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(int(os.environ.get("PROBE_BURN", "0")))]
    began = time.time()
    try:
        platform.control("POST", "settings", {"latencyMs": 50})
        keys = queue(fans, owner, 60)
        house.start_all()
        for target in (12, 30):
            wait_for(lambda n=target: len(platform.sent()) >= n, seconds=80, what=f"{target} arrived", house=house)
            redis.client().flushdb()
            print(f"run {run} t={time.time()-began:.1f} flushed after {len(platform.sent())}; rows: {dict(states())}")
        wait_for(lambda: is_finished(60), seconds=150, what="all settled", house=house)
    finally:
        for b in burn: b.kill()
    print(f"run {run} t={time.time()-began:.1f} {dict(states())}")
    with connection.cursor() as c:
        c.execute("select id, uid::text, fan_id, state, last_error, attempts, replays, first_attempt_at, dispatched_at, answered_at from messaging_delivery order by id")
        rows = [list(map(str, r)) for r in c.fetchall()]
    log = platform.control("GET", "requests?limit=5000")
    (OUT / f"run{run}.json").write_text(json.dumps({"rows": rows, "log": log, "sent": platform.sent(), "began": began}, indent=0))
    odd = [r for r in rows if r[3] != "sent" or r[5] != "1"]
    for r in odd: print("ODD", r)
    for row in log:
        if row["method"] != "POST" or row["status"] != 200 or row["ms"] > 400: print("LOG", round(row["at"]-began,2), row)
    (OUT / f"run{run}.log").write_text("\n".join(f"--- {p.name}\n{p.read_text()}" for p in house.log_dir.glob("*.log")))
