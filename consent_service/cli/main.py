"""The command line: each command parses, calls one function and prints.

Exit status 0: done; 1: refused, with the reason on stderr; 2: used wrongly. The environment is read here and
passed on.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, hints_of, load_config
from consent_service.cli.doctor import doctor
from consent_service.cli.imports import import_opt_outs
from consent_service.cli.ledger import ledger
from consent_service.cli.ready import ready
from consent_service.cli.store import backup, move, restore
from consent_service.config import Config, config_digest
from consent_service.config.gpc_statement_addresses import gpc_hints
from consent_service.errors import ConsentError, ScriptOutdated, UnknownSite

if TYPE_CHECKING:
    from consent_service.embed.snippet import Embed

# Commands import what only they need when they run: `keys list` must not wait for a web server's imports.

app = typer.Typer(
    help="A self-hosted consent service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(
    help="Make, rotate and list the keys that visitor tokens are signed with.", no_args_is_help=True
)
app.add_typer(keys, name="keys")

app.add_typer(ledger, name="ledger")
app.command()(doctor)
app.command()(ready)

KeyFile = Annotated[Path, typer.Argument(envvar="CONSENT_KEYS_FILE", help="The key ring's file.")]


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"consent-service {version('consent-service')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """A self-hosted consent service."""


@app.command()
def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    workers: Annotated[
        int | None, typer.Option(min=1, max=128, help="Web workers, in place of the file's.")
    ] = None,
) -> None:
    """Serve: web workers and the work process, until SIGTERM. SIGHUP re-reads the configuration."""
    _supervise(config, workers, ("web", "work"))


@app.command()
def work(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the work process alone, beside a `serve` on another machine."""
    _supervise(config, None, ("work",))


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help="The configuration.")] = DEFAULT_CONFIG,
    self_hosted: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE=FILE", help="Also check a script that a site serves itself."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="PAGE", help="Also load this page in Chromium: what reaches blocked partners?"),
    ] = None,
) -> None:
    """Check the configuration and name every fault, or hint, with its key and line."""
    from consent_service.process.preflight import store_warnings

    loaded = load_config(config)
    sites = ", ".join(loaded.sites)
    typer.echo(f"{config} is fine: digest {config_digest(loaded)}, sites: {sites}")
    for hint in (*hints_of(config, loaded), *gpc_hints(loaded)):
        typer.echo(f"hint: {hint}")
    for given in self_hosted or ():
        _check_self_hosted(loaded, *given.split("=", 1))
    if url is not None:
        _inspect(loaded, url)
    for warning in store_warnings(loaded.service):
        typer.echo(warning)
    if loaded.keys is None:
        typer.echo("Keys were not looked at: `serve` will want CONSENT_KEYS_FILE in its environment.")


@app.command()
def snippet(
    site: Annotated[str, typer.Argument(help="The site's key.")],
    config: ConfigFile = DEFAULT_CONFIG,
    self_host: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the script to FILE, for the site to serve.")
    ] = None,
    csp: Annotated[bool, typer.Option(help="Print what a content security policy must allow.")] = False,
    gtm: Annotated[bool, typer.Option(help="Print the template that Google Tag Manager imports.")] = False,
    nginx: Annotated[bool, typer.Option(help="Print nginx's part of it, first-party mode too.")] = False,
    upstream: Annotated[str | None, typer.Option(help="With --nginx: where it finds the service.")] = None,
    listen: Annotated[str | None, typer.Option(help="With --nginx: where it listens itself.")] = None,
    certificate: Annotated[str | None, typer.Option(help="With --nginx: the certificate's file.")] = None,
    certificate_key: Annotated[str | None, typer.Option(help="With --nginx: its key's file.")] = None,
) -> None:
    """Print what the site embeds: stub, script tag with integrity, and the policy's hash."""
    from consent_service import resources
    from consent_service.embed import nginx as recipe
    from consent_service.embed import snippet as text

    if sum((self_host is not None, csp, gtm, nginx)) > 1:
        raise typer.BadParameter("give one of --self-host, --csp, --gtm and --nginx")
    loaded = load_config(config)
    embed = _embed(loaded, site)
    if nginx:
        address = upstream or recipe.upstream_of(loaded.service.host, loaded.service.port)
        server = recipe.Server(address, listen, certificate, certificate_key)
        said = recipe.render_nginx(site, loaded.service.public_url, embed.way, server)
    elif self_host is not None:
        self_host.write_bytes(embed.script.body)
        said = text.render_self_hosted(embed, str(self_host), str(config))
    elif gtm:
        said = resources.tag_manager_template().read_text(encoding="utf-8")
    else:
        said = text.render_policy(embed) if csp else text.render_snippet(embed)
    typer.echo(said, nl=False)


for command in (backup, restore, move):
    app.command()(command)
app.command("import")(import_opt_outs)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="The service's port.")] = 8000,
    shop_port: Annotated[int, typer.Option(help="The shop's port.")] = 8001,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its store and keys.")] = Path(
        "consent-demo"
    ),
) -> None:
    """Serve the service and a small shop with an ad partner, and print what to try."""
    from consent_service.demo import run_demo

    run_demo(port=port, shop_port=shop_port, data=data)


@keys.command("new")
def keys_new(file: KeyFile) -> None:
    """Make a key ring."""
    from consent_service.process import key_file

    key_file.make_key_file(file, int(time.time()))
    typer.echo(
        f"wrote {file}, readable by its owner alone. Keep a copy in a safe place: without it every visitor's"
    )
    typer.echo(f"choice is lost to them. Serve with CONSENT_KEYS_FILE={file}")


@keys.command("rotate")
def keys_rotate(file: KeyFile) -> None:
    """Add a new key that signs; the old ones verify for 400 days more."""
    from consent_service.process import key_file

    key = key_file.rotate_file(file, int(time.time()))
    typer.echo(f"key {key.number} signs from the next start, or SIGHUP, of the service on")


@keys.command("list")
def keys_list(file: KeyFile) -> None:
    """List the keys; secrets are never shown."""
    from consent_service.process import key_file

    table = Table("key", "created", "retired", "state", box=None)
    for line in key_file.list_keys(key_file.read_key_file(file), int(time.time())):
        table.add_row(str(line.number), line.created, line.retired, line.state)
    Console().print(table)


@keys.command("adopt")
def keys_adopt(
    file: KeyFile,
    config: ConfigFile = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option(help="Don't ask.")] = False,
) -> None:
    """Let the store take this ring for its own, when its own is lost for good. The service must be stopped."""
    from consent_service.process import key_file
    from consent_service.services import key_rings
    from consent_service.services.configured_store import configured_store

    ring, service = key_file.read_key_file(file), load_config(config).service

    async def adopt() -> None:
        async with configured_store(service) as store:
            await key_rings.adopt(store, ring)

    if yes or typer.confirm(
        "Visitors whose tokens another ring signed stay denied until they choose anew. Take this ring?"
    ):
        asyncio.run(adopt())
        typer.echo(f"the store takes {file} for its own from now on")
    else:
        typer.echo("nothing was changed")


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    try:
        app(args=arguments)
    except ConsentError as error:
        _refuse(str(error))
    except OSError as error:  # a file that a command was to read or write, or standard output
        from consent_service.store.causes import cause_of

        _refuse(f"{error.filename or 'reading or writing failed'}: {cause_of(error)}")


def _refuse(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise SystemExit(1) from None


def _embed(config: Config, site: str) -> Embed:
    """Return the snippet that this site embeds. Raises UnknownSite."""
    from consent_service.config.first_party import first_party
    from consent_service.embed.site_script import script_of
    from consent_service.embed.snippet import Embed

    if site not in config.sites:
        raise UnknownSite(f"there is no site {site!r}; there are: {', '.join(config.sites)}")
    public_url = config.service.public_url
    script = script_of(config, site, int(time.time()))
    return Embed(site, script, public_url, first_party(config.sites[site], public_url))


def _check_self_hosted(config: Config, site: str, file: str = "") -> None:
    """Raises ScriptOutdated when this file is not today's script of the site."""
    if not file:
        raise typer.BadParameter("wanted SITE=FILE", param_hint="--self-hosted")
    embed = _embed(config, site)
    try:
        written = Path(file).read_bytes()
    except OSError as error:
        raise ScriptOutdated(f"{file}: can't be read: {error.strerror}") from error
    if written != embed.script.body:
        raise ScriptOutdated(
            f"{file} is not today's script of {site!r}: another version of the service wrote it, or the "
            f"configuration has changed. `consent-service snippet {site} --self-host {file}` writes it again, "
            "with the lines to paste"
        )
    typer.echo(f"{file} is today's script of {site!r}: version {embed.script.digest}")


def _inspect(config: Config, url: str) -> None:
    """Print what on this page reaches blocked partners, status 1 when there is anything, and hints about its site."""
    from consent_service.inspection import inspect_page

    found, hints = inspect_page(config, url)
    for finding in (*hints, *found):
        typer.echo(str(finding))
    if found:
        raise typer.Exit(1)
    typer.echo(f"{url} sends nothing to blocked partners while denied")


def _supervise(file: Path, workers: int | None, parts: Sequence[str]) -> None:
    from consent_service.process.supervisor import supervise

    raise typer.Exit(supervise(file.absolute(), os.environ, workers=workers, parts=parts))
