"""What turns ``@liquid`` into Segment's; the other switches are in `switches`."""

from __future__ import annotations

import copy

from tests.core.mapping.segment.rewriting import rebuilt
from tests.core.mapping.segment.switch import Switch, module, with_filter

from wharfinger import jsontext
from wharfinger.model.unset import UNSET


class WholeCharacters(Switch):
    def case(self, mapping, event):
        return rebuilt(mapping, self._halves), rebuilt(event, self._halves)

    def patch(self, patch):
        quoted, quote = jsontext._quoted, module("liquid.web").quote
        whole, halves = self._whole, self._halves
        characters = module("liquid.texts")._characters

        def single(work, value):
            return "".join(char for char in whole(characters(work, value)) if char <= "\uffff")

        patch.setattr(module("liquid.texts"), "_characters", single)
        unquote = module("liquid.web").unquote
        patch.setattr(
            module("liquid.web"),
            "unquote",
            lambda text, **options: halves(unquote(text, **options)),
        )
        patch.setattr(jsontext, "_quoted", lambda text: halves(quoted(whole(text))))
        patch.setattr(
            module("liquid.web"), "quote", lambda text, **options: quote(whole(text), **options)
        )

    def answer(self, result):
        return rebuilt(result, self._whole)

    def _halves(self, value):
        if not isinstance(value, str) or value.isascii():
            return value
        raw = value.encode("utf-16-le", "surrogatepass")
        return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))

    def _whole(self, value):
        if not isinstance(value, str) or value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class NothingIsChanged(Switch):
    def case(self, mapping, event):
        return mapping, copy.deepcopy(event)

    def patch(self, patch):
        read = module("liquid.operations")

        def count(name, step, scope):
            root = scope.root if isinstance(scope.root, dict) else {}
            before = root.get(name)
            before = before if read_number(before) else 0
            root[name] = before + step
            scope.out.append(read.text(before if step > 0 else before + step, scope.work))

        read_number = module("liquid.values").is_number
        patch.setattr(read, "count", count)


class OnlyDatesAreDates(Switch):
    """What can be switched: true and false. Texts that are no dates are seen by `odd_dates`."""

    def patch(self, patch):
        read = module("liquid.dates").read_moment
        patch.setattr(
            module("liquid.dates"),
            "read_moment",
            lambda value: read(value / 1000 if isinstance(value, bool) else value),
        )


class PositionsAreNumbers(Switch):
    def patch(self, patch):
        def joining(ours):
            def slice_(work, value, begin, length=1):
                if not isinstance(begin, str) or length is UNSET:
                    return ours(work, value, begin, length)
                values = module("liquid.values")
                start, end = begin, begin + values.script_text(length, work)
                return value[int(start) : int(end)]

            return slice_

        with_filter(patch, "slice", joining)


class OnlyBase64(Switch):
    def patch(self, patch):
        def reading(ours):
            def decode(work, value):
                return ours(work, "".join(chr(ord(char) & 0xFF) for char in value))

            return decode

        with_filter(patch, "base64_decode", reading)
