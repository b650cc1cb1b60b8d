import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from latentda.training.devices import require_equal_shares
from tests.training.parallel import losses


def test_two_devices_train_as_one():
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.training.parallel"],
        env=os.environ | {"XLA_FLAGS": flags.strip(), "JAX_PLATFORMS": "cpu"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["devices"] == 2
    np.testing.assert_allclose(found["losses"], losses(), rtol=1e-4)


@pytest.mark.parametrize(("size", "each", "unit"), [(7, 2, 6), (9, 2, 6), (8, 1, 3)])
def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch, size, each, unit):
    monkeypatch.setattr(jax, "device_count", lambda: 3)
    require_equal_shares(12, each)
    with pytest.raises(ValueError, match=f"multiple of {unit}"):
        require_equal_shares(size, each)
