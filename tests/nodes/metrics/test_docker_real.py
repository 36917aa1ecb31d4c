"""A real Docker engine, started by the test where there is one: its containers, beside what `docker stats` tells of them."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import wait_until
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.docker import make_docker

NEEDED = ("dockerd", "docker", "containerd", "runc", "gcc")
PROGRAM = "#include <unistd.h>\nint main(int n, char **a) { if (n > 1) for (;;); for (;;) pause(); }\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or not all(map(shutil.which, NEEDED)), reason="needs root, Docker's engine and gcc"),
]


class Docker:
    """An engine with nothing but one image, `program`, that sleeps, or is busy where it is given an argument."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.started: list[str] = []
        command = ["dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
        command += ["--host", f"unix://{self.socket}", "--storage-driver", "vfs", "--bridge", "none", "--iptables=false"]
        command += ["--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        self.cgroup = f"jnt-{os.getpid()}"
        command += ["--cgroup-parent", f"/{self.cgroup}", "--exec-opt", "native.cgroupdriver=cgroupfs"]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def run(self, *arguments: str, given: bytes = b"") -> str:
        command = ["docker", "--host", f"unix://{self.socket}", *arguments]
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            pytest.skip(f"the engine does not run here: {(self.folder / 'log').read_text()[-500:]}")
        return self.socket.exists()

    def make_image(self) -> None:
        (self.folder / "program.c").write_text(PROGRAM)
        subprocess.run(["gcc", "-static", "-O2", "-o", "program", "program.c"], cwd=self.folder, check=True)
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            archive.add(self.folder / "program", "program")
        self.run("import", "-", "program", given=tar.getvalue())

    def start(self, name: str, *arguments: str) -> None:
        limits = ("--network", "none", "--memory", "64m", "--cpus", "0.3")
        self.run("run", "--detach", *limits, "--name", name, "program", "/program", *arguments)
        self.started.append(name)

    def stop(self) -> None:
        if self.process.poll() is None:
            if self.started:
                self.run("rm", "--force", *self.started)
            self.process.terminate()
            self.process.wait(timeout=60)
        root = Path("/sys/fs/cgroup")
        for cgroup in [root / self.cgroup, *root.glob(f"*/{self.cgroup}")]:
            if cgroup.is_dir():
                cgroup.rmdir()


@pytest.fixture(name="docker")
def docker_fixture(tmp_path: Path) -> Iterator[Docker]:
    docker = Docker(tmp_path)
    try:
        wait_until(docker.is_up, timeout=60, what="the engine")
        docker.make_image()
        yield docker
    finally:
        docker.stop()


def test_real_containers(docker: Docker) -> None:
    docker.start("busy.one", "on")
    docker.start("idle")
    metrics = make_docker(section("docker", socket=str(docker.socket)))
    metrics.read()

    def is_as_docker_stats() -> bool:
        rows = map(json.loads, docker.run("stats", "--no-stream", "--format", "{{json .}}").splitlines())
        cpu = {row["Name"]: float(row["CPUPerc"].rstrip("%")) for row in rows}
        numbers = flat(metrics.read())
        assert numbers["running"] == 2
        assert numbers["container.idle.memory.limit"] == 64 << 20
        assert numbers["container.idle.processes"] == 1
        assert 0 < (numbers["container.idle.memory.used"] or 0) < 8 << 20
        busy, idle = numbers["container.busy_one.cpu"] or 0.0, numbers["container.idle.cpu"] or 0.0
        return busy == pytest.approx(cpu["busy.one"], abs=5) and idle == pytest.approx(cpu["idle"], abs=1) and busy > 10

    wait_until(is_as_docker_stats, timeout=60, what="the same processor time as docker stats tells")
    docker.run("rm", "--force", "idle")
    docker.started.remove("idle")
    gone = flat(metrics.read())
    assert (gone["running"], gone["container.idle.memory.used"]) == (1, None)
    docker.stop()
    with pytest.raises(AbsentError):
        metrics.read()
