# The index of the project. `make help` explains; meson builds, everything lands under build/.
ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
PREFIX ?= /usr/local
DESTDIR ?=
# How many cases a soak runs, how long each fuzz target runs.
N ?= 1000
SECONDS ?= 10
comma := ,
# One build folder a compiler and sanitizer, so that switching does not rebuild everything.
VARIANT := $(if $(filter-out gcc,$(CC)),-$(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
BUILD ?= build$(VARIANT)
SETUP := $(if $(findstring clang,$(CC)),clang,build)
SAN_OPTIONS := $(if $(SAN),-Db_sanitize=$(SAN) -Db_lundef=false)

.PHONY: all demo test bench fuzz lint format install uninstall peers clean help \
	setup soak-halts soak-kill

all: setup $(BUILD)/build.ninja  ## build all programs into build/bin/
	@ninja -C $(BUILD) --quiet
	@tools/link-bin $(BUILD)

setup:
	@tools/bootstrap $(SETUP)

$(BUILD)/build.ninja: | setup
	@CC=$(CC) meson setup $(BUILD) --prefix=$(PREFIX) -Dwerror=true $(SAN_OPTIONS) >$(BUILD).log || \
		{ cat $(BUILD).log; exit 1; }
	@mv $(BUILD).log $(BUILD)/setup.log

demo: all  ## watch one upgrade, one rollback and one hold happen, in under a minute
	@tools/demo $(BUILD)

test: all  ## run every test; the last line says "N passed, N failed"
	@tools/bootstrap test
	@tools/run-tests $(BUILD)

bench: all  ## measure; prints a table and writes build/bench.json (BENCH=smoke for a short run)
	@tools/bootstrap test
	@tools/bench $(BUILD)

fuzz:  ## run every fuzz target for SECONDS each (default 10), with clang and its sanitizers
	@tools/bootstrap clang
	@test -f build-fuzz/build.ninja || CC=clang meson setup build-fuzz -Dfuzz=true -Dwerror=true \
		-Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C build-fuzz --quiet
	@tools/run-fuzz build-fuzz $(SECONDS)

soak-halts: all  ## N halts of every kind, with and without signals; stops at the first wrong one
	@tools/soak-halts --build $(BUILD) -n $(N)

soak-kill: all  ## N times kill -9 of a node under load: nothing lost, same app hash
	@tools/soak-kill --build $(BUILD) -n $(N)

lint: all  ## clang-tidy, and whether the formatter agrees
	@tools/bootstrap lint
	@tools/lint $(BUILD)

format:  ## format every source file
	@tools/bootstrap lint
	@git ls-files '*.c' '*.h' | xargs clang-format -i

peers:  ## build or install the real programs that some tests need
	@tools/peers

install: all  ## install under DESTDIR and PREFIX (default /usr/local)
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --quiet

uninstall:  ## remove what the last install put there
	@ninja -C $(BUILD) uninstall

clean:  ## remove all build folders
	rm -rf build build-*

help:  ## this text
	@echo "CC=clang, SAN=address,undefined and SAN=thread choose another build folder."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 13 | sed 's/^/  make /'
