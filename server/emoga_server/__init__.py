"""The emoga server: hub, director, workers, browser viewer and the `emoga` command."""
