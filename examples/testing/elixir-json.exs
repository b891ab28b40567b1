# Elixir before 1.18, such as Debian's, has no JSON; jiffy (Debian: erlang-jiffy) stands in for it,
# so that the example can be tested there.

unless Code.ensure_loaded?(JSON) do
  defmodule JSON do
    def encode!(term), do: term |> :jiffy.encode() |> IO.iodata_to_binary()
    def decode!(text), do: :jiffy.decode(text, [:return_maps])
  end
end
