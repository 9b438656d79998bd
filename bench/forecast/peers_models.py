"""The peers that peers.py can compare with, as far as they are installed.

A peer is a name and a function (season, step in seconds) -> forecast, where forecast takes a
history without gaps and a horizon and returns the points and the 90 % quantiles (or None).
"""

import importlib.metadata
import logging


def _import_error(package, error):
    return f"{package}, which cannot be imported ({error})"


def _of_statsforecast(make_model):
    def make(season, _step_seconds):
        import numpy

        model = make_model(season)

        def forecast(history, horizon):
            out = model.forecast(y=numpy.array(history), h=horizon, level=[80])
            high = out.get("hi-80")
            return out["mean"].tolist(), None if high is None else high.tolist()

        return forecast

    return make


def _statsforecast_peers():
    from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta, SeasonalNaive

    def decomposition(season):
        # A week besides the day for hours; for five minutes it takes 40 s a series.
        periods = [season, 7 * season] if season == 24 else [season]
        return MSTL(season_length=periods, trend_forecaster=AutoETS(model="ZZN"))

    return [
        ("SeasonalNaive", _of_statsforecast(lambda s: SeasonalNaive(season_length=s))),
        (
            "DynamicOptimizedTheta",
            _of_statsforecast(lambda s: DynamicOptimizedTheta(season_length=s)),
        ),
        ("MSTL(AutoETS)", _of_statsforecast(decomposition)),
        # R's ets ignores seasons above 24; with 288 statsforecast's takes minutes a series.
        ("AutoETS", _of_statsforecast(lambda s: AutoETS(season_length=s if s <= 24 else 1))),
    ]


def _prophet(season, step_seconds):
    import pandas
    from prophet import Prophet

    def forecast(history, horizon):
        # M4 has no dates: all series begin on a Monday, which Prophet's week does not mind.
        count = len(history)
        times = pandas.date_range(
            "2024-01-01", periods=count + horizon, freq=pandas.Timedelta(seconds=step_seconds)
        )
        model = Prophet(interval_width=0.8)
        model.fit(pandas.DataFrame({"ds": times[:count], "y": history}))
        out = model.predict(pandas.DataFrame({"ds": times[count:]}))
        return out["yhat"].tolist(), out["yhat_upper"].tolist()

    return forecast


def _prophet_peers():
    for name in ("prophet", "prophet.plot", "cmdstanpy"):  # they tell of each fit
        logging.getLogger(name).disabled = True
    from prophet import Prophet  # noqa: F401  (may fail where it was not installed)

    return [("Prophet", _prophet)]


def available_peers():
    """The peers, "package version" of each package, and why others are left out."""
    peers, versions, missing = [], [], []
    for package, load in (("statsforecast", _statsforecast_peers), ("prophet", _prophet_peers)):
        try:
            peers += load()
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except ImportError as error:
            missing.append(_import_error(package, error))
    return peers, versions, missing
