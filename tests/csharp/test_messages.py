"""The generated C# definitions, through a real compiler and at run time."""

from __future__ import annotations

from pathlib import Path

from emoga_protocol.messages import BLOBS, EASINGS, Limits, MessageType

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "unity_client/Runtime/Core/Messages.g.cs"

PROGRAM = """
using System;
using System.Globalization;
using System.Linq;
using Emoga.Protocol;
static class Program
{
    static void Main()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        foreach (MessageType type in Enum.GetValues(typeof(MessageType)))
            Console.WriteLine($"message {type} {(int)type}");
        foreach (var curve in Easings.Curves)
        {
            var both = curve.Value.First.Concat(curve.Value.Second);
            Console.WriteLine($"easing {curve.Key} {string.Join(" ", both)}");
        }
        foreach (var array in SplatsBlob.Arrays)
            Console.WriteLine($"array {array.Name} {array.Type} {string.Join(",", array.Shape)}");
        var weights = new SetWeightsCommand();
        Console.WriteLine($"default {weights.Easing} {weights.Duration} {Limits.MaxInboundBytes}");
    }
}
"""


def test_compiles_without_warnings_for_netstandard(csharp, tmp_path):
    result = csharp.compile([GENERATED], tmp_path / "Messages.dll", csharp.netstandard)
    assert result.returncode == 0, result.stdout


def test_a_mistake_would_be_noticed(csharp, tmp_path):
    source = tmp_path / "Broken.cs"
    source.write_text(GENERATED.read_text().replace("public byte[] Versions;", "public byte[] Versions = 7;"))
    result = csharp.compile([source], tmp_path / "Broken.dll", csharp.netstandard)
    assert result.returncode != 0
    assert "Broken.cs" in result.stdout


def test_numbers_agree_with_python(csharp, tmp_path):
    source = tmp_path / "Program.cs"
    source.write_text(PROGRAM)
    program = tmp_path / "program.dll"
    built = csharp.compile([GENERATED, source], program, csharp.netcore, kind="exe")
    assert built.returncode == 0, built.stdout
    ran = csharp.run(program)
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    names = {kind.name.replace("_", "").lower(): kind.value for kind in MessageType}
    assert {
        name.lower(): int(number) for kind, name, number in (x for x in lines if x[0] == "message")
    } == names
    easings = {x[1]: [float(c) for c in x[2:]] for x in lines if x[0] == "easing"}
    assert easings == {name: [*first, *second] for name, (first, second) in EASINGS.items()}
    arrays = [tuple(x[1:]) for x in lines if x[0] == "array"]
    assert arrays == [(a.name, a.type, ",".join(map(str, a.shape))) for a in BLOBS["splats"].arrays]
    assert lines[-1] == ["default", "smoothstep", "0.4", str(Limits.MAX_INBOUND_BYTES)]
