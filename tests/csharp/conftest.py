"""The C# compiler for the tests: real Roslyn, fetched once through npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENVIRONMENT = {
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "DOTNET_NOLOGO": "1",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1",
}


@dataclass(frozen=True)
class CSharp:
    """The SDK's folder and the one with the libssl that its runtime loads."""

    sdk: Path
    ssl: Path

    def compile(
        self, sources: Sequence[Path], output: Path, references: Sequence[Path], kind: str = "library"
    ) -> subprocess.CompletedProcess[str]:
        """Compiles C# 8 with warnings as errors."""
        compiler = next(self.sdk.glob("sdk/*/Roslyn/bincore/csc.dll"))
        options = ["-nologo", "-noconfig", "-nostdlib", "-langversion:8.0", "-warnaserror+", "-warn:4"]
        options += [f"-target:{kind}", f"-out:{output}", *(f"-r:{path}" for path in references)]
        return self._run([str(compiler), *options, *map(str, sources)])

    def run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a compiled program on the SDK's own runtime."""
        runtime = next(self.sdk.glob("shared/Microsoft.NETCore.App/*")).name
        config = program.with_suffix(".runtimeconfig.json")
        framework = {"name": "Microsoft.NETCore.App", "version": runtime}
        config.write_text(json.dumps({"runtimeOptions": {"framework": framework}}))
        return self._run([str(program), *arguments])

    @property
    def netstandard(self) -> list[Path]:
        """Reference assemblies of netstandard2.1, which Unity targets."""
        return sorted(self.sdk.glob("packs/NETStandard.Library.Ref/2.1.0/ref/netstandard2.1/*.dll"))

    @property
    def netcore(self) -> list[Path]:
        """Reference assemblies of the runtime that executes test programs."""
        return sorted(self.sdk.glob("packs/Microsoft.NETCore.App.Ref/*/ref/netcoreapp3.1/*.dll"))

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        libraries = f"{self.ssl}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        home = {"DOTNET_CLI_HOME": str(self.sdk.parent.parent / "home"), "LD_LIBRARY_PATH": libraries}
        environment = os.environ | ENVIRONMENT | home
        command = [str(self.sdk / "dotnet"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session")
def csharp() -> CSharp:
    """The compiler; without it the test is skipped, or fails where CI is set."""
    problem = "npm is missing: it fetches the C# compiler"
    if shutil.which("npm"):
        script = f'. "{HERE / "toolchain.sh"}" >&2 && printf "%s\\n%s" "$EMOGA_SDK" "$EMOGA_SSL"'
        result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=600)
        if result.returncode == 0:
            sdk, ssl = map(Path, result.stdout.splitlines())
            return CSharp(sdk, ssl)
        problem = f"the C# compiler could not be fetched: {result.stderr.strip()[-300:]}"
    if os.environ.get("CI"):
        pytest.fail(problem)
    pytest.skip(problem)
