"""RrdStoreThread: the thread of the cache. It takes values in from the bus, and has them written to RRD files in time."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .core.contracts import Key, Reading
from .core.errors import JanitooError, StartError, UnknownSeriesError
from .core.options import Options
from .core.parsers import SAFE_NAME, source_config
from .core.sections import Section
from .core.services import Services
from .core.thread import BaseThread
from .decoders.numbers import number_of
from .forward.forwarders import Forwarders
from .listening import Listening
from .store.schema import Schemas
from .store.settings import SourceConfig, StoreSettings, folders_of
from .store.store import Store

logger = logging.getLogger(__name__)

RRD_DIR = "rrd"
DATASOURCE = "datarrd.datasource"
DEFAULT_STEP = 300
TTLS = ("cache_rrd_ttl", "cache_pickle_ttl", "cache_dead_ttl")
_CROWDED_SLEEP_S = 0.05
_ANNOUNCEMENTS_S = 2.0


class RrdStoreThread(BaseThread):
    """The thread of the cache: takes values from the bus, and writes them to RRD files in time.

    Args:
        section: its section of the ini.
        options: the configuration.
        services: what the threads of the server share; built from the options where none is given.

    Attributes:
        store: what it delegates to.
        listening: what has values come from the broker; None while it does not.
    """

    def __init__(self, section: str, options: Options, services: Services | None = None) -> None:
        super().__init__(options, name=f"{section}-store")
        self.section = section
        self.services = services or Services.build(options)
        self.loop_sleep = 1.0
        self.final = True
        self._ttl = {name: float(options.get_option(section, name)) for name in TTLS}
        self._dirmask = RRD_DIR
        self._filemask = "%(rrd_file)s.rrd"
        self.listening: Listening | None = None
        self._forwarders: Forwarders | None = None
        chosen = options.section(section)
        rrd_dir, data_dir = folders_of(options.home_dir)
        self.settings = StoreSettings(
            rrd_dir=rrd_dir,
            data_dir=data_dir,
            schemas=Schemas.from_options(options),
            cache_rrd_ttl=self._ttl["cache_rrd_ttl"],
            cache_dead_ttl=self._ttl["cache_dead_ttl"],
            cache_max_samples=chosen["cache_max_samples"],
            journal_sync=chosen["journal_sync"],
            auto_series=chosen["auto_series"],
            max_series=chosen["max_series"],
        )
        self.store = self._make_store()

    def _make_store(self) -> Store:
        return Store(self.settings, self.services.counters, self.services.health, self.services.clock)

    def config_thread(
        self,
        cache_rrd_ttl: float | None = None,
        cache_pickle_ttl: float | None = None,
        cache_dead_ttl: float | None = None,
        dirmask: str | None = RRD_DIR,
        filemask: str | None = "%(rrd_file)s.rrd",
    ) -> None:
        """Set how long things stay in the cache, and where files go; None leaves a setting as it is.

        Args:
            cache_rrd_ttl: seconds until cached samples are written to their RRD files.
            cache_pickle_ttl: seconds between two looks at whether a snapshot is due.
            cache_dead_ttl: seconds without a sample after which an entry leaves the cache.
            dirmask: folder of the cache's own files, within the home directory.
            filemask: name of an RRD file, with `%(rrd_file)s` for the series' name.

        Raises:
            ValueError: the file mask does not hold the name.
        """
        given = {"cache_rrd_ttl": cache_rrd_ttl, "cache_pickle_ttl": cache_pickle_ttl, "cache_dead_ttl": cache_dead_ttl}
        self._ttl.update({name: float(seconds) for name, seconds in given.items() if seconds is not None})
        self.settings.cache_rrd_ttl = self._ttl["cache_rrd_ttl"]
        self.settings.cache_dead_ttl = self._ttl["cache_dead_ttl"]
        if dirmask is not None:
            self._dirmask = dirmask
            self.settings.data_dir = Path(self.get_rrd_directory({}))
        if filemask is not None:
            if filemask.count("%(rrd_file)s") != 1 or "/" in filemask:
                raise ValueError(f"filemask {filemask!r}: expected a file name with %(rrd_file)s in it once")
            self._filemask = filemask
            self.settings.filemask = filemask
        if self._settled.is_set():
            self.start_timer_pickle()
            self.start_timer_dead()

    # -- life ----------------------------------------------------------------------------------------

    def pre_loop(self) -> None:
        """Set up the datasources, restore the cache, and begin to listen."""
        health = self.services.health
        for part in health.problems():
            if part.startswith(("datasource ", "decoder")):
                health.ok(part)  # told by an earlier life, perhaps of another ini
        for name, key in self.options.components(self.section).items():
            if key == DATASOURCE:
                self._add_datasource(self.options.section(f"{self.section}__{name}"))
        try:
            self.restore()
        except OSError as error:
            raise StartError(
                f"{self.options.path}: [system] home_dir = {self.options.home_dir}: {error.strerror} ({error.filename}); "
                "choose a folder that this user may write"
            ) from error
        self.services.store = self.store
        self._forwarders = Forwarders(self.options, self.services, self.store)
        self._forwarders.start()
        self._listen()
        scheduler = self.services.scheduler
        self.start_timer_pickle()
        self.start_timer_dead()
        scheduler.every(
            self.options.get_option(self.section, "journal_sync_interval"), self.store.sync_journal, name=f"{self.section}.sync"
        )
        scheduler.every(60.0, self.store.tell_refused, name=f"{self.section}.refused")
        scheduler.every(5.0, self.services.nodes.check, name=f"{self.section}.nodes")

    def loop(self) -> None:
        """Write what is due, then wait a second; while messages wait for room in the cache, hardly at all."""
        self.store.tick()
        waiting = self.listening.tick() if self.listening is not None else 0
        self._reloadevent.wait(min(_CROWDED_SLEEP_S, self.loop_sleep) if waiting else self.loop_sleep)

    def post_loop(self) -> None:
        """Listen no more, and leave everything on disk: in the RRD files at the end, in the snapshot at a reload."""
        if self.listening is not None:
            self.listening.stop()
            self.listening = None
        if self._forwarders is not None:
            self._forwarders.stop()
            self._forwarders = None
        self.stop_timer_pickle()
        self.stop_timer_dead()
        for name in ("sync", "refused", "nodes", "announcements"):
            self.services.scheduler.cancel(f"{self.section}.{name}")
        self.store.close(flush=self.final)
        if not self._stopevent.is_set():
            self.store = self._make_store()  # the next life begins with what is on disk

    def on_success(self) -> None:
        """Note that the thread lives."""
        self.services.health.ok(f"thread {self.name}")

    def on_failure(self, error: Exception) -> None:
        """Tell that nothing is logged until the thread's next life."""
        self.services.health.fail(f"thread {self.name}", f"{error}; nothing is logged until it is tried again")

    def _add_datasource(self, section: Section) -> None:
        rrd_file = section.get("rrd_file")
        sources = {str(index): "|".join(source) for index, source in section.indexed("source_config").items()}
        if rrd_file and sources:
            self.add_config(rrd_file, section.get("rrd_step", DEFAULT_STEP), sources)

    def _listen(self) -> None:
        hadd = self.options.get_option(self.section, "hadd")
        client_id = self.options.system["broker_client_id"] or f"{self.options.service}-{str(hadd).replace('/', '-')}-store"
        waiting_max = self.settings.cache_max_samples // 10
        self.listening = Listening(self.store, self.options, client_id, self.settings.data_dir, self.services, waiting_max)
        self.listening.start()
        self.services.scheduler.every(_ANNOUNCEMENTS_S, self.listening.save, name=f"{self.section}.announcements")

    # -- values --------------------------------------------------------------------------------------

    def on_value(self, client: Any, userdata: Any, message: Any) -> None:
        """Take a message, as paho hands it to a callback.

        Args:
            client: the client it came through; not used.
            userdata: likewise.
            message: has `topic` and `payload`; it is not acknowledged here, but where it came from.
        """
        if self.listening is None:
            raise JanitooError("the store thread does not listen: start it first")
        self.listening.ingest.on_packets([(message.topic.encode(), bytes(message.payload), b"")])

    def update_last(self, hadd: str, value_uuid: str, value_index: int | str, data: Any) -> int:
        """Take one datum of a value, now.

        Args:
            hadd, value_uuid, value_index: whose datum.
            data: a number, a text that holds one, a boolean, or None for unknown.

        Returns:
            How many columns it went to.

        Raises:
            ValueError: data is no number.
        """
        number = math.nan if data is None else number_of(data)
        if number is None:
            raise ValueError(f"{data!r} is not a number")
        return self.store.accept([Reading((hadd, value_uuid, str(value_index)), number)])

    def create_store_index(self) -> list[tuple[str, ...]]:
        """The values in the cache: tuples (hadd, value_uuid, value_index), or (topic, path)."""
        return [column.key for column in self.store.cache.live_columns() if column.key]

    def get_values_to_dump(self) -> list[Key]:
        """The values in the cache whose samples are due to be written to disk, as tuples (hadd, value_uuid, value_index)."""
        due = self.store.cache.due_names(self.store.monotonic())
        return [column.key for name in sorted(due) for column in self.store.cache.series[name].columns]

    def get_count_values(self) -> int:
        """Number of values in the cache."""
        return len(list(self.store.cache.live_columns()))

    def get_count_series(self) -> int:
        """Number of series in the cache; a datasource with several values is one."""
        return len(self.store.cache.live)

    # -- datasources ---------------------------------------------------------------------------------

    def add_config(self, rrd_file: str, step: int, config: Mapping[str, str]) -> bool:
        """Log values into an RRD file with one data source each, a row per step.

        The file is made where it is not there: `--step step`, heartbeat twice the step, min and max `U`, and the
        original's archives. Where it is there, data sources are added and removed, and the others keep their history.

        Args:
            rrd_file: the series' name.
            step: seconds between two rows.
            config: index → `hadd|value_uuid|value_index|rrd_type|rrd_label`.

        Returns:
            True when the series is logged as asked; False when the log and the status page say why it is not.
        """
        part = f"datasource {rrd_file}"
        try:
            parsed = [source_config(config[index]) for index in sorted(config, key=_index_order)]
            sources = [SourceConfig((each[0], each[1], each[2]), each[3], each[4]) for each in parsed]
            changes = self.store.configure(rrd_file, int(step), sources)
        except (JanitooError, ValueError, OSError) as error:
            logger.error("%s: %s", part, error)
            self.services.health.fail(part, str(error))
            return False
        for change in changes:
            logger.info("%s: %s; the history of the others is kept", part, change)
        self.services.health.ok(part)
        return True

    def timer_add_config(self, rrd_file: str, step: int, config: Mapping[str, str]) -> None:
        """`add_config` in a thread of the scheduler."""
        self.services.scheduler.once(self.add_config, rrd_file, step, dict(config), name=f"{self.section}.add.{rrd_file}")

    def remove_config(self, rrd_file: str) -> bool:
        """Remove a series from the cache, with its RRD file; False when there is none."""
        try:
            self.store.remove(rrd_file)
        except UnknownSeriesError as error:
            logger.warning("nothing to remove: %s", error)
            return False
        return True

    def add_rrd_to_list(self, rrd_file: str) -> None:
        """Add a name to index.txt. Raises OSError."""
        self.store.names.add(rrd_file)
        self.store.names.write()

    def remove_rrd_from_list(self, rrd_file: str) -> None:
        """Remove a name from index.txt. Raises OSError."""
        self.store.names.remove(rrd_file)
        self.store.names.write()

    # -- files ---------------------------------------------------------------------------------------

    def get_rrd_directory(self, params: Mapping[str, str]) -> str:
        """Folder of the cache's files; made when it is not there."""
        directory = self.options.home_dir / (self._dirmask % params)
        directory.mkdir(parents=True, exist_ok=True)
        return str(directory)

    def get_rrd_public_directory(self, params: Mapping[str, str]) -> str:
        """Folder of the RRD files; made when it is not there."""
        self.settings.rrd_dir.mkdir(parents=True, exist_ok=True)
        return str(self.settings.rrd_dir)

    def get_rrd_file(self, params: Mapping[str, str]) -> str:
        """File name of a series, `params["rrd_file"]`. Raises ValueError when the name is not safe."""
        if SAFE_NAME.fullmatch(params["rrd_file"]) is None:
            raise ValueError(f"{params['rrd_file']!r} is not a series name")
        return self._filemask % params

    def get_rrd_filename(self, rrd_file: str) -> str:
        """Full name of a series' RRD file."""
        params = {"rrd_file": rrd_file}
        return str(Path(self.get_rrd_public_directory(params)) / self.get_rrd_file(params))

    def get_rrd_httpname(self, rrd_file: str) -> str:
        """Path of a series' raw file on the web server, without the leading slash."""
        return f"{RRD_DIR}/rrds/{self.get_rrd_file({'rrd_file': rrd_file})}"

    def get_pickle_filename(self) -> str:
        """File of the snapshot."""
        return str(self.settings.snapshot_path)

    def get_list_filename(self) -> str:
        """The file `index.txt`."""
        return str(self.settings.list_path)

    def get_rrd_label(self, index: int | str, rrd_file: str, config: str | None) -> str | None:
        """Label of a data source: from its configuration, or with config None from the series. None when there is none."""
        if config is not None:
            with contextlib.suppress(ValueError):
                return source_config(config)[4]
            return None
        series = self.store.cache.series.get(rrd_file)
        position = int(index)
        return series.columns[position].label if series is not None and 0 <= position < len(series.columns) else None

    # -- snapshot ------------------------------------------------------------------------------------

    def dump(self) -> None:
        """Write the cache to disk, as a pickle. Raises OSError."""
        self.store.dump()

    def restore(self) -> None:
        """Restore the cache from disk: the pickle, and the journal of what came after it. Raises OSError."""
        self.store.open()

    def start_timer_pickle(self) -> None:
        """Look every `cache_pickle_ttl` seconds whether a snapshot is due."""
        self.services.scheduler.every(self._ttl["cache_pickle_ttl"], self.timer_pickle, name=f"{self.section}.pickle")

    def stop_timer_pickle(self) -> None:
        """Look no more whether a snapshot is due."""
        self.services.scheduler.cancel(f"{self.section}.pickle")

    def timer_pickle(self) -> None:
        """Write the cache to disk where the journal has outgrown the last snapshot."""
        self.store.snapshot_if_due()

    # -- writing -------------------------------------------------------------------------------------

    def flush(self, rrd_file: str) -> int:
        """Write a series' cached samples to its RRD file and return how many. Raises UnknownSeriesError, RrdError."""
        return self.store.flush(rrd_file)

    def timer_flush(self, rrd_file: str) -> None:
        """`flush` in a thread of the scheduler."""
        self.services.scheduler.once(self.flush, rrd_file, name=f"{self.section}.flush.{rrd_file}")

    def flush_all(self) -> int:
        """Write every cached sample to the RRD files and return how many."""
        return self.store.flush_all()

    def timer_flush_all(self) -> None:
        """`flush_all` in a thread of the scheduler."""
        self.services.scheduler.once(self.flush_all, name=f"{self.section}.flush")

    def rrd_rotate(self, rrd_file: str, etime: float | None = None) -> int:
        """Close the rows of a datasource up to a time: they stay in the cache until they are written.

        Args:
            rrd_file: the series.
            etime: seconds since the epoch UTC; None for now.

        Returns:
            How many rows were made.

        Raises:
            UnknownSeriesError: there is no such series.
        """
        return self.store.rotate(rrd_file, etime)

    def timer_rrd_rotate(self, rrd_file: str, etime: float | None = None) -> None:
        """`rrd_rotate` in a thread of the scheduler."""
        self.services.scheduler.once(self.rrd_rotate, rrd_file, etime, name=f"{self.section}.rotate.{rrd_file}")

    def start_timer_dead(self) -> None:
        """Look for dead entries three times in `cache_dead_ttl` seconds."""
        self.services.scheduler.every(self._ttl["cache_dead_ttl"] / 3, self.timer_dead, name=f"{self.section}.dead")

    def stop_timer_dead(self) -> None:
        """Look for dead entries no more."""
        self.services.scheduler.cancel(f"{self.section}.dead")

    def timer_dead(self) -> list[str]:
        """Remove dead entries from the cache and return their names; their files stay."""
        return self.store.bury_dead()


def _index_order(index: str) -> tuple[int, str]:
    return (int(index), "") if str(index).isdigit() else (1 << 30, str(index))
