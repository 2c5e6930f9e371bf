package threeds

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
)

// Refresh asks the directory server which cards take part, or what has changed of that, and replaces what
// Enrolled knows in one go. It is due at start and once an hour or day, as the scheme says. On an error, which
// has CodeInternal, everything stays as it was.
func (s *Server) Refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	started := time.Now()
	err := s.refresh(ctx)
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	s.observed(TypePReq, started, outcome)
	return err
}

func (s *Server) refresh(ctx context.Context) error {
	known := s.ranges.Load()
	answer, erro, err := s.askRanges(ctx, known.serial)
	if err == nil && erro != nil && erro.ErrorCode == ErrorSerialNumber && known.serial != "" {
		known = &rangeSet{} // the directory server no longer knows what we know: from the beginning
		answer, erro, err = s.askRanges(ctx, "")
	}
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "3-D Secure: card ranges could not be asked for")
	}
	if erro != nil {
		return pasarela.Errorf(pasarela.CodeInternal, "3-D Secure: the directory server refuses to tell card ranges, error code %s", erro.code())
	}
	next, err := known.apply(answer.SerialNum, answer.CardRangeData)
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "3-D Secure: card ranges are unusable")
	}
	s.ranges.Store(next)
	s.cfg.Log.LogAttrs(ctx, slog.LevelDebug, "card ranges of 3-D Secure", slog.Int("changes", len(answer.CardRangeData)),
		slog.Int("ranges", len(next.named)))
	return nil
}

// askRanges returns a PRes, or the Erro in its place.
func (s *Server) askRanges(ctx context.Context, serial string) (PRes, *Erro, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	id := newID()
	body, err := s.call(ctx, func() ([]byte, error) {
		return Encode(PReq{Header: Header{TypePReq, Version}, ThreeDSServerRefNumber: s.cfg.ReferenceNumber,
			ThreeDSServerOperatorID: s.cfg.OperatorID, ThreeDSServerTransID: id, SerialNum: serial})
	}, maxRanges)
	if err != nil {
		return PRes{}, nil, err
	}
	return readPRes(body, id)
}

// readPRes reads the answer to the PReq with an id.
func readPRes(body []byte, id string) (PRes, *Erro, error) {
	if TypeOf(body) == TypeErro {
		var e Erro
		err := Decode(body, &e)
		return PRes{}, &e, err
	}
	var m PRes
	if err := Decode(body, &m); err != nil {
		return PRes{}, nil, err
	}
	if code := m.check(TypePRes, m.MessageExtension); code != "" {
		return PRes{}, nil, pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: answer to PReq: %s", errorDescriptions[code])
	}
	if m.ThreeDSServerTransID != id {
		return PRes{}, nil, pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: answer to PReq is to another one")
	}
	return m, nil, nil
}
