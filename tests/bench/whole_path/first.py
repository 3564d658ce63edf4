import json, os, subprocess, sys, tempfile
from pathlib import Path
from statistics import median
import attrs
from tests.bench.whole_path import samples, segment, sinks
from tests.bench.whole_path.measure import Job

runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
secs = float(sys.argv[2]) if len(sys.argv) > 2 else 2
with tempfile.TemporaryDirectory() as d, sinks.sink_for_all("echo") as sink:
    ev = Path(d, "e.jsonl"); samples.write(ev)
    res = {}
    for size, n in ((50, 1), (50, 16), (0, 1), (0, 16)):
        job = Job(events=str(ev), port=sink.plain, size=size, inflight=n, seconds=secs)
        for _ in range(runs):
            for who in ("floor", "deliver", "stream", "peer"):
                if who == "peer":
                    f = segment.measure(job, "")
                else:
                    p = subprocess.run([sys.executable, "-m", f"tests.bench.whole_path.{who}", json.dumps(attrs.asdict(job))], stdout=subprocess.PIPE, check=True)
                    f = json.loads(p.stdout)
                res.setdefault((size, n, who), []).append(f)
        for who in ("floor", "deliver", "stream", "peer"):
            fs = res[size, n, who]
            r = sorted(f["events_per_s"] for f in fs)
            print(size, n, f"{who:8}", f"{median(r):9.0f} [{r[0]:.0f}..{r[-1]:.0f}]", "cpu/100k", f'{median(f["cpu_s_per_100k"] or 0 for f in fs):.2f}', "rss", f'{fs[0]["peak_rss_mib"]:.0f}', "errors", sum(f["errors"] for f in fs), flush=True)
