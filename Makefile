# The index of the project. `make help` explains; everything is built by meson under build/.
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
PREFIX ?= /usr/local
DESTDIR ?=
N ?= 1000
comma := ,
# One build folder a compiler and sanitizer, so that switching does not rebuild everything.
VARIANT := $(if $(filter-out gcc,$(CC)),-$(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
BUILD ?= build$(VARIANT)

.PHONY: all demo test bench fuzz lint format install uninstall peers clean help setup

all: setup $(BUILD)/build.ninja  ## build all programs into build/bin/
	@ninja -C $(BUILD) $(if $(V),-v)
	@tools/link-bin $(BUILD)

setup:
	@tools/bootstrap build

$(BUILD)/build.ninja: | setup
	@CC=$(CC) meson setup $(BUILD) --prefix=$(PREFIX) -Dwerror=true $(if $(SAN),-Db_sanitize=$(SAN) -Db_lundef=false)

test: all  ## build, then run every test; ends with "N passed, N failed"
	@tools/bootstrap test
	@tools/run-tests $(BUILD)

clean:  ## remove all build folders
	rm -rf build build-*

help:  ## this text
	@echo "Targets (CC=clang, SAN=address,undefined and SAN=thread choose another build folder):"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26
