"""Fixtures of more than one file."""
import pytest

from visor import SEIVISOR, Visor, Web


@pytest.fixture(name="visor")
def fixture_visor(tmp_path, request):
    """Makes supervisors, each over a home of its own; PROGRAM of the test's file is what runs."""
    made = []

    def make(program=getattr(request.module, "PROGRAM", SEIVISOR), **settings):
        made.append(Visor(tmp_path / str(len(made)), program, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(name="web")
def fixture_web():
    web = Web()
    yield web
    web.close()
