"""One file per family of calls; each function answers one call that is authorized already."""
