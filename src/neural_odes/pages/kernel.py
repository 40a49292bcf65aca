"""The kernel that runs the notebooks of pages: IPython's, without configuration and startup files.

An empty folder keeps the user's away. Those of the machine (/etc/ipython) and of the environment can be switched off only here.
"""

from typing import Any


def launch() -> None:
    """Runs a kernel, with the command line of ``python -m ipykernel_launcher``, until it is told to end."""
    from ipykernel.kernelapp import IPKernelApp

    class PageKernelApp(IPKernelApp):
        def load_config_file(self, *arguments: Any, **options: Any) -> None:
            pass

        def _run_startup_files(self) -> None:
            pass

    PageKernelApp.launch_instance()


if __name__ == "__main__":
    launch()
