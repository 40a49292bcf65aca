"""DVC's run cache on a remote, an entry at a time: ``python -m neural_odes.running.run_cache …`` is ``dvc …`` with it, and with
settings in UTF-8.

DVC copies all entries there are at each `repro --pull` and each `push --run-cache`. With n stages that is n² copies, some over
what others are reading; and the rest of a copy that was cut short passes for the newest entry, so that its stage runs again.
Here the entries of a stage come when DVC asks for them, and go once the stage's outputs have gone.
"""

import contextlib
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import configobj
import dvc.stage.cache
from dvc.fs import utils
from dvc.stage import Stage
from dvc_data.hashfile.db import HashFileDB

from neural_odes.errors import UserError

_UNFINISHED = ".tmp"
"""How names of files end that DVC is writing, or was killed while it did."""


class RunCache(dvc.stage.cache.StageCache):
    """Entries lie in a folder by what a stage was run with, each under the hash of what came out, too."""

    shared: HashFileDB | None = None
    """The remote that entries are taken from, once DVC was asked to pull."""

    def pull(self, remote: str | None, odb: HashFileDB | None = None) -> list[tuple[str, str]]:
        self.shared = odb or self.remote(remote)
        return []

    def remote(self, name: str | None = None) -> HashFileDB:
        return self.repo.cloud.get_remote_odb(name, "run cache", hash_name="md5-dos2unix")

    def _load(self, stage: Stage) -> dict | None:
        if self.shared:
            here, there = self._folders(stage, self.shared)
            for name in _entries(self.shared, there) - self._here(here):
                here.mkdir(parents=True, exist_ok=True)
                part = Path(self.cache_dir) / utils.tmp_fname()  # not beside it, where another DVC would read it
                self.shared.fs.get_file(self.shared.fs.join(there, name), str(part))
                part.replace(here / name)
        return super()._load(stage)

    def push_stage(self, stage: Stage, shared: HashFileDB) -> None:
        """As dvc.lock has the stage."""
        self.save(stage)
        here, there = self._folders(stage, shared)
        for name in self._here(here) - _entries(shared, there):
            with utils.as_atomic(shared.fs, shared.fs.join(there, name), create_parents=True) as part:
                shared.fs.put_file(str(here / name), part)

    def _here(self, folder: Path) -> set[str]:
        return _entries(self.repo.cache.legacy, str(folder))

    def _folders(self, stage: Stage, shared: HashFileDB) -> tuple[Path, str]:
        key = dvc.stage.cache._get_stage_hash(stage)
        return Path(self._get_cache_dir(key)), shared.fs.join(shared.path, "runs", key[:2], key)


def _entries(odb: HashFileDB, folder: str) -> set[str]:
    found = odb.fs.find(folder) if odb.fs.exists(folder) else ()
    return {odb.fs.name(path) for path in found if not path.endswith(_UNFINISHED)}


def push(root: Path, stages: Collection[str]) -> None:
    """Puts what dvc.lock says of ``stages`` (addresses) into the run cache of the remote; their outputs have to be there.

    Raises:
        UserError: the remote rejects it.
    """
    from dvc.repo import Repo

    from neural_odes.running.graph import name_of

    with Repo(str(root)) as repo, contextlib.chdir(root):  # where DVC looks for dvc.yaml as it saves
        cache = RunCache(repo)
        shared = cache.remote()
        try:
            for stage in repo.index.stages:
                if name_of(stage).address in stages:
                    cache.push_stage(stage, shared)
        except OSError as error:
            raise UserError(f"{shared.path}: the remote rejects an entry of the run cache: {error}") from None


class Settings(configobj.ConfigObj):
    """A file of DVC's settings, in which folders may have any name. DVC writes ASCII, and an experiment has such a file."""

    def write(self, *arguments: Any, **options: Any) -> Any:
        self.encoding = "utf-8"
        return super().write(*arguments, **options)


if __name__ == "__main__":
    from dvc.cli import main

    configobj.ConfigObj = Settings
    dvc.stage.cache.StageCache = RunCache
    sys.exit(main())
