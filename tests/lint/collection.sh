#!/usr/bin/env bash
# Lint the collection as its users get it: built, unpacked, then ansible-lint and ansible-test sanity on that.
#
#   tests/lint/collection.sh [DIR]     DIR (default build/lint) keeps everything that is written, caches too
#
# ansible-galaxy, ansible-lint and ansible-test must be on the PATH.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=$(realpath -m "${1:-$root/build/lint}")
unpacked=$out/src/ansible_collections/cpeops/cwmp
# ansible-test is blind to PIP_* and, below the home made here, to the user's pip.conf: carry both over.
pip_settings=$(python -m pip config list 2>/dev/null || true)

mkdir -p "$out/dist" "$out/home/.ansible/test/cache" "$out/home/.config/pip"
export HOME=$out/home ANSIBLE_HOME=$out/home/.ansible ANSIBLE_COLLECTIONS_PATH=$out/src
unset ANSIBLE_CONFIG
export LC_ALL=C.UTF-8

python - "$pip_settings" >"$HOME/.config/pip/pip.conf" <<'PYTHON'
import ast, re, sys
print("[global]")
settings = dict(re.findall(r"^(?:global|install|:env:)\.([\w-]+)=(.*)$", sys.argv[1], re.M))
for name, value in settings.items():
    print(name, "=", ast.literal_eval(value).replace("\n", "\n  "))
PYTHON

# The venv-based tests would fetch get-pip from a site that may be out of reach; Python brings its own pip.
pip_version=$(python - <<'PYTHON'
import pathlib, re
import ansible_test
source = pathlib.Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text()
found = re.search(r"default_packages = dict\(\s*pip='([\d.]+)'", source)
print(found[1] if found else "")
PYTHON
)
[ -z "$pip_version" ] || printf 'import ensurepip\nensurepip.bootstrap()\n' \
    >"$HOME/.ansible/test/cache/get_pip_${pip_version//./_}.py"

rm -rf "$out/dist"/*.tar.gz "$out/src"
mkdir -p "$unpacked"
ansible-galaxy collection build --force --output-path "$out/dist" "$root" >/dev/null
tar -xzf "$out/dist"/cpeops-cwmp-*.tar.gz -C "$unpacked"
if [ -d "$root/tests/sanity" ]; then
    mkdir -p "$unpacked/tests"
    cp -r "$root/tests/sanity" "$unpacked/tests/"
fi
cd "$unpacked"
# Below a checkout ansible-test asks git which files there are, and git ignores build/: a repository of its own.
if command -v git >/dev/null; then git init --quiet; fi

echo 'ansible-lint, profile production, on the unpacked tarball'
ansible-lint --profile production --offline --nocolor -q

echo 'ansible-lint on the inventories'
(cd "$root" && ansible-lint --profile production --offline --nocolor -q inventories)

echo 'ansible-test sanity, on the unpacked tarball'
log=$out/sanity.log
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
no_network='Could not find a version|No matching distribution|Failed to establish|Connection (refused|error|timed out)|Temporary failure|Download failed|ProxyError|ReadTimeout'
if ansible-test sanity --color no --python "$python" >"$log" 2>&1; then
    passed=$(grep -o 'Running sanity test "[a-z0-9-]*"' "$log" | sort -u | wc -l)
    [ "$passed" -gt 0 ] || { cat "$log"; echo 'ansible-test sanity ran no test'; exit 1; }
    echo "$passed sanity tests passed"
    exit 0
fi
if ! grep -qE "$no_network" "$log"; then
    cat "$log"
    exit 1
fi
# A test whose requirements cannot be had here ends the whole run: so one by one, and say what is left out.
skipped=() passed=0
for test in $(ansible-test sanity --list-tests 2>/dev/null); do
    if ansible-test sanity --color no --python "$python" --test "$test" >"$log" 2>&1; then
        passed=$((passed + 1))
    elif grep -qE "$no_network" "$log"; then
        skipped+=("$test")
    else
        cat "$log"
        exit 1
    fi
done
echo "$passed sanity tests passed; skipped, because their requirements cannot be installed here: ${skipped[*]}"
