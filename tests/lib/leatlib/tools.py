"""Programs that a suite needs besides the server: Node with packages, a C compiler. Each function prepares what it can
and returns None, or says in one sentence why the tests that need it must be skipped."""

import shutil
import subprocess

NODE_MAJOR_MIN = 18


def node_packages(folder):
    """Makes sure that the packages of folder/package-lock.json are installed, by `npm ci` when node_modules is missing."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
        return f"node {version} is older than {NODE_MAJOR_MIN}"
    if (folder / "node_modules" / ".package-lock.json").exists():
        return None
    install = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True)
    if install.returncode != 0:
        return f"npm ci failed in {folder.name}: {' '.join(install.stderr.split())[-200:]}"
    return None
