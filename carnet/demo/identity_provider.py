"""An OpenID provider for the demonstration and the tests, by idpyoidc: fictitious people, signed and encrypted tokens, PKCE, acr, logout.

The protocol is the package's; what is ours is a page on which one chooses who to be. It runs on loopback alone and knows no real person:
whoever reaches it may be anybody of the demonstration, so nothing that holds real records may trust it.
"""

from __future__ import annotations

import html
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import uvicorn
from cryptojwt.exception import JWKESTException
from cryptojwt.jwe.jwekey import JWEKey
from idpyoidc.exception import OidcMsgError
from idpyoidc.message.oidc import AuthorizationRequest, verified_claim_name
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.oauth2.authorization import verify_uri
from idpyoidc.server.token.id_token import IDToken
from idpyoidc.server.user_authn.user import NoAuthn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from carnet.clock import SECOND, system_clock
from carnet.config import load
from carnet.demo.people import PATIENTS, DemoPatient
from carnet.errors import ConfigurationError
from carnet.identity.oidc_tokens import KEY_ALGORITHMS
from carnet.portal.provider_keys import private_key

SCOPES: tuple[str, ...] = ("given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry")
ACR = "eidas2"
MODULE = "carnet.demo.identity_provider"
"""This one, as the package is to import it, whatever runs it."""
_CODE_SECONDS, _TOKEN_SECONDS = 30, 60
_PATHS = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "session": "session/end"}


def of_home(home: Path) -> tuple[Starlette, str, int]:
    """The provider that a home's settings name, with the host and port to serve it on.

    Raises ConfigurationError in production, and for an issuer that is not on loopback: whoever asks may be anybody here.
    """
    settings = load(home)
    place = urlsplit(settings.oidc_issuer)
    if settings.environment == "production" or place.hostname not in {"127.0.0.1", "localhost"} or not place.port:
        raise ConfigurationError(
            "The demonstration's identity provider is for oidc_issuer on loopback, never in production."
        )
    keys = (private_key(settings, name, "enc") for name in settings.oidc_decryption_keys)
    provider = DemonstrationProvider(
        settings.oidc_issuer,
        PATIENTS,
        client_id=settings.oidc_client_id,
        client_secret=settings.path("oidc_client_secret_file").read_text(encoding="utf-8").partition("\n")[0].strip(),
        redirect_uri=f"{settings.space_origin}/connexion/retour",
        logout_uri=f"{settings.space_origin}/connexion",
        client_keys=[{**one.as_dict(private=False), "alg": KEY_ALGORITHMS[one.key_type]} for one in keys],
    )
    return provider.application(), place.hostname, place.port


def main() -> None:
    """`python -m carnet.demo.identity_provider HOME`: serves it until it is interrupted."""
    app, host, port = of_home(Path(sys.argv[1]))
    uvicorn.run(app, host=host, port=port, log_level="warning")


def _iv_of_gcm(encalg: str, iv: bytes = b"") -> bytes:
    """96 bits for GCM (RFC 7518 §5.3): cryptojwt 1.11.0, on which idpyoidc stands, takes 128, which no strict reader opens."""
    return iv or secrets.token_bytes(12 if encalg.endswith("GCM") else 16)


JWEKey._generate_iv = staticmethod(_iv_of_gcm)  # noqa: SLF001 - the one place where it is chosen


class EncryptedIDToken(IDToken):  # type: ignore[misc]
    """The package's ID token, encrypted for the client as the client registered; by itself it encrypts none."""

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """See IDToken."""
        return str(super().__call__(*args, **{**kwargs, "encrypt": True}))


class ChosenOnThePage(NoAuthn):  # type: ignore[misc]
    """Nobody is signed in before they chose who to be."""

    def authenticated_as(self, *_args: Any, **_kwargs: Any) -> tuple[None, int]:
        """Nobody."""
        return None, 0


def claims_of(person: DemoPatient) -> dict[str, str]:
    """The pivot identity of a fictitious person, as FranceConnect gives it."""
    traits = person.traits
    abroad = traits.birth_place.startswith("99")
    date = traits.birth_date.ljust(8, "0")
    return {
        "given_name": traits.birth_given_names,
        "family_name": traits.birth_name,
        "gender": {"F": "female", "M": "male"}[traits.sex],
        "birthdate": f"{date[:4]}-{date[4:6]}-{date[6:]}",
        "birthplace": "" if abroad else traits.birth_place,
        "birthcountry": traits.birth_place if abroad else "99100",
    }


@dataclass(frozen=True, slots=True)
class Chosen:
    """Somebody whom one may choose to be: what the button says, and what the provider says of them."""

    label: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Population:
    """Those whom a provider knows, by what names them there. `scopes` gives the claims of each scope; tokens are encrypted unless said otherwise."""

    people: Mapping[str, Chosen]
    scopes: Mapping[str, Sequence[str]]
    acr: str = ACR
    encrypts: bool = True


def patients(people: Sequence[DemoPatient]) -> Population:
    """Fictitious patients, as FranceConnect+ knows people."""
    known = {
        one.identifier.value: Chosen(f"{one.traits.birth_given_names} {one.traits.birth_name}", claims_of(one))
        for one in people
    }
    return Population(known, {scope: [scope] for scope in SCOPES})


class DemonstrationProvider:
    """One provider with one client. `issuer` is http://127.0.0.1:port or localhost; `client_keys` is the client's public JWK set."""

    def __init__(
        self,
        issuer: str,
        people: Sequence[DemoPatient] | Population,
        *,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        logout_uri: str,
        client_keys: Sequence[Mapping[str, Any]] = (),
        backchannel_uri: str = "",
    ) -> None:
        self.known = known = people if isinstance(people, Population) else patients(people)
        self.server = Server(OPConfiguration(conf=_configuration(issuer, known), domain="127.0.0.1", port=0))
        self.server.context.cdb[client_id] = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": [(redirect_uri, {})],
            "post_logout_redirect_uri": [(logout_uri, {})],
            "response_types_supported": ["code"],
            "allowed_scopes": ["openid", *known.scopes],
            "token_endpoint_auth_method": "client_secret_post",
            "id_token_signed_response_alg": "ES256",
            **(_encryption(str(client_keys[0]["alg"])) if known.encrypts else {}),
            "pkce_essential": True,
            **(
                {"backchannel_logout_uri": backchannel_uri, "backchannel_logout_session_required": True}
                if backchannel_uri
                else {}
            ),
        }
        self.server.keyjar.add_symmetric(client_id, client_secret)
        self.server.keyjar.import_jwks({"keys": [dict(one) for one in client_keys]}, client_id)

    def application(self) -> Starlette:
        """Its ASGI application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._keys),
                Route("/authorize", self._authorize),
                Route("/choose", self._chosen, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
                Route("/session/end", self._end_session),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        return self._answered("provider_config", self.server.get_endpoint("provider_config").process_request())

    async def _keys(self, _request: Request) -> Response:
        return Response(self.server.keyjar.export_jwks_as_json(), media_type="application/jwk-set+json")

    async def _authorize(self, request: Request) -> Response:
        endpoint = self.server.get_endpoint("authorization")
        parsed = endpoint.parse_request(dict(request.query_params))
        if "error" in parsed:
            return PlainTextResponse(str(parsed["error"]), status_code=400)
        query = html.escape(AuthorizationRequest(**dict(request.query_params)).to_urlencoded())
        buttons = "".join(
            f'<p><button name="person" value="{name}">{html.escape(one.label)}</button></p>'
            for name, one in self.known.people.items()
        )
        page = (
            '<!doctype html><html lang="fr"><title>Identité de démonstration</title><h1>Identité de démonstration</h1>'
            "<p>Personnes inventées : choisissez qui vous êtes.</p>"
            f'<form method="post" action="/choose"><input type="hidden" name="query" value="{query}">{buttons}</form></html>'
        )
        return HTMLResponse(page)

    async def _chosen(self, request: Request) -> Response:
        form = await _form(request)
        person, query = str(form["person"]), str(form["query"])
        if person not in self.known.people:
            return PlainTextResponse("unknown", status_code=400)
        endpoint = self.server.get_endpoint("authorization")
        asked = endpoint.parse_request(AuthorizationRequest().from_urlencoded(query).to_dict())
        if "error" in asked:
            return PlainTextResponse(str(asked["error"]), status_code=400)
        acr = self.known.acr
        method = self.server.context.authn_broker.pick(acr)[0]["method"]
        session = endpoint.create_session(asked, person, acr, system_clock() // SECOND, method)
        return self._answered("authorization", endpoint.authz_part2(request=asked, session_id=session), asked)

    async def _token(self, request: Request) -> Response:
        return await self._posted("token", request)

    async def _posted(self, name: str, request: Request) -> Response:
        endpoint = self.server.get_endpoint(name)
        form = await _form(request)
        headers = {"headers": dict(request.headers), "method": "POST", "url": str(request.url)}
        parsed = endpoint.parse_request(form, http_info=headers)
        if "error" in parsed:
            return Response(parsed.to_json(), status_code=400, media_type="application/json")
        return self._answered(name, endpoint.process_request(parsed), parsed)

    async def _userinfo(self, request: Request) -> Response:
        endpoint = self.server.get_endpoint("userinfo")
        headers = {"headers": dict(request.headers), "method": "GET", "url": str(request.url)}
        parsed = endpoint.parse_request({}, http_info=headers)
        if "error" in parsed:
            return Response(parsed.to_json(), status_code=401, media_type="application/json")
        return self._answered("userinfo", endpoint.process_request(parsed), parsed)

    async def _end_session(self, request: Request) -> Response:
        """RP-Initiated Logout: who shows an ID token of a session ends it. The package's own page asks for a cookie that we do not set."""
        endpoint = self.server.get_endpoint("session")
        asked = endpoint.request_cls(**dict(request.query_params))
        try:
            asked.verify(keyjar=self.server.keyjar, sigalg="")
            hint = asked[verified_claim_name("id_token_hint")]
            verify_uri(self.server.context, asked, "post_logout_redirect_uri", client_id=hint["aud"][0])
        except (KeyError, ValueError, OidcMsgError, JWKESTException) as error:
            return PlainTextResponse(type(error).__name__, status_code=400)
        self.backchannel(hint["sid"])
        state = f"?{urlencode({'state': asked['state']})}" if asked.get("state") else ""
        return RedirectResponse(f"{asked['post_logout_redirect_uri']}{state}", status_code=303)

    def backchannel(self, session: str) -> dict[str, tuple[str, str]]:
        """Ends a session (`sid` of an ID token); returns by client where its logout token is to be sent, and the token."""
        ended = self.server.get_endpoint("session").logout_from_client(session)
        return dict(ended.get("blu", {}))

    def _answered(self, name: str, args: Any, asked: Any = None) -> Response:
        endpoint = self.server.get_endpoint(name)
        if "error" in args:
            return Response(args.to_json(), status_code=400, media_type="application/json")
        info = endpoint.do_response(request=asked, **dict(args))
        if endpoint.response_placement == "url":
            return RedirectResponse(info["response"], status_code=303)
        headers = {key.lower(): value for key, value in info.get("http_headers", ())}
        return Response(info["response"], headers=headers)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _encryption(algorithm: str) -> dict[str, str]:
    """What the client registered of the tokens' encryption."""
    return {
        "id_token_encrypted_response_alg": algorithm,
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": algorithm,
        "userinfo_encrypted_response_enc": "A256GCM",
    }


def _configuration(issuer: str, known: Population) -> dict[str, Any]:
    lifetimes = {"code": {"lifetime": _CODE_SECONDS, "kwargs": {"lifetime": _CODE_SECONDS}}}
    return {
        "issuer": issuer,
        "key_conf": {"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}], "uri_path": "jwks"},
        "session_params": {
            "encrypter": {"kwargs": {"keys": {"key_defs": _symmetric()}, "iterations": 1}},
        },
        "token_handler_args": {
            "key_conf": {"key_defs": _symmetric()},
            **lifetimes,
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": _TOKEN_SECONDS}},
            "id_token": {
                "class": f"{MODULE}.EncryptedIDToken" if known.encrypts else "idpyoidc.server.token.id_token.IDToken",
                "kwargs": {"lifetime": _TOKEN_SECONDS},
            },
        },
        "endpoint": _endpoints(),
        "userinfo": {
            "class": "idpyoidc.server.user_info.UserInfo",
            "kwargs": {"db": {name: dict(one.claims) for name, one in known.people.items()}},
        },
        "authentication": {known.acr: {"acr": known.acr, "class": f"{MODULE}.ChosenOnThePage", "kwargs": {"user": ""}}},
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_methods": {"S256": "SHA-256"}},
            }
        },
        "authz": {
            "class": "idpyoidc.server.authz.AuthzHandling",
            "kwargs": {
                "grant_config": {
                    "usage_rules": {
                        "authorization_code": {
                            "supports_minting": ["access_token", "id_token"],
                            "max_usage": 1,
                            "expires_in": _CODE_SECONDS,
                        },
                        "access_token": {"expires_in": _TOKEN_SECONDS},
                    },
                    "expires_in": 3_600,
                }
            },
        },
        "scopes_to_claims": {"openid": ["sub"], **{scope: list(claims) for scope, claims in known.scopes.items()}},
        "subject_types_supported": ["pairwise"],
        "salt": secrets.token_hex(16),
    }


def _endpoints() -> dict[str, Any]:
    endpoints = "idpyoidc.server.oidc"
    return {
        "provider_config": {
            "path": ".well-known/openid-configuration",
            "class": f"{endpoints}.provider_config.ProviderConfiguration",
            "kwargs": {},
        },
        "authorization": {
            "path": _PATHS["authorization"],
            "class": f"{endpoints}.authorization.Authorization",
            "kwargs": {"response_types_supported": ["code"]},
        },
        "token": {
            "path": _PATHS["token"],
            "class": f"{endpoints}.token.Token",
            "kwargs": {"client_authn_method": ["client_secret_post"]},
        },
        "userinfo": {
            "path": _PATHS["userinfo"],
            "class": f"{endpoints}.userinfo.UserInfo",
            "kwargs": {"client_authn_method": ["bearer_header"]},
        },
        "session": {
            "path": _PATHS["session"],
            "class": f"{endpoints}.session.Session",
            "kwargs": {
                "logout_verify_url": "verify_logout",
                "post_logout_uri_path": "post_logout",
                "signing_alg": "ES256",
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
            },
        },
    }


def _symmetric() -> list[dict[str, Any]]:
    return [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": one} for one in ("password", "salt", "code", "refresh")]


if __name__ == "__main__":
    main()
